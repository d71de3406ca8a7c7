"""`dot`, `mermaid` and `png` of jobs and runs."""

import pytest

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import RUN_ID, a_page, a_run

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
JOB = "/api/jobs/definitions/greet"
RUN = f"/api/jobs/requests/{RUN_ID}"


@pytest.mark.parametrize("form", ["dot", "mermaid"])
def test_the_graph_of_a_job_is_printed_as_it_came(formicary, plane, form):
    plane.on("GET", f"{JOB}/{form}", Answer(b"a -> b\n"))

    assert formicary("job", form, "greet").out == "a -> b\n"


@pytest.mark.parametrize("form", ["dot", "mermaid"])
def test_the_graph_of_the_latest_run_is_found(formicary, plane, form):
    plane.on("GET", "/api/jobs/requests", Answer(a_page(a_run())))
    plane.on("GET", f"{RUN}/{form}", Answer(b"graph"))

    assert formicary("run", form, "latest").out == "graph"


def test_a_picture_is_written_to_a_file(formicary, plane, tmp_path):
    plane.on("GET", f"{RUN}/dot.png", Answer(PNG))

    outcome = formicary("run", "png", RUN_ID, "-o", "run.png")

    assert (tmp_path / "run.png").read_bytes() == PNG
    assert (outcome.code, outcome.out) == (0, "")
    assert "run.png" in outcome.err


def test_a_picture_goes_to_a_pipe_byte_for_byte(formicary, plane):
    plane.on("GET", f"{JOB}/dot.png", Answer(PNG))

    assert formicary("job", "png", "greet").raw == PNG


def test_a_picture_of_nothing_ends_with_not_found(formicary, plane):
    plane.problem("GET", f"{JOB}/dot.png", 404, "There is no job type 'greet'.")

    assert formicary("job", "png", "greet", "-o", "x.png").code == 3
