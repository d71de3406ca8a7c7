import json
from types import SimpleNamespace

import pytest

from formicary.entrypoints.local import demo
from formicary.entrypoints.local.errors import LocalError
from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import DEFINITION, RUN_ID, a_run, a_task, an_artifact

REQUESTS = "/api/jobs/requests"


@pytest.fixture
def home(plane, tmp_path):
    (tmp_path / "env").write_text(f"FORMICARY_URL={plane.url}\nFORMICARY_TOKEN=t\n")
    return SimpleNamespace(home=tmp_path)


@pytest.fixture
def ends(plane):
    def as_(state):
        tasks = [a_task("hello", state, artifacts=[an_artifact()])]
        plane.on("POST", "/api/jobs/definitions", Answer({"job_type": "x", "version": 1}, 201))
        plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
        plane.on(
            "GET", f"{REQUESTS}/{RUN_ID}", Answer(a_run("EXECUTING")), Answer(a_run(state, tasks))
        )
        plane.on("GET", "/api/jobs/definitions/greet:1", Answer(DEFINITION))
        log = Answer(b"the last line\n", 200, {"Formicary-Complete": "true"})
        plane.on("GET", f"{REQUESTS}/{RUN_ID}/tasks/hello/log", log)
        plane.on("GET", "/api/artifacts/A1/download", Answer(b"the report\n"))

    return as_


def test_the_demo_shows_graph_log_and_report_and_ends_with_0(home, plane, ends, capfd):
    ends("COMPLETED")

    code = demo.main(home)

    shown = capfd.readouterr().out
    assert code == 0
    for part in ("✔ hello", "the last line", "the report", f"formicary run show {RUN_ID}"):
        assert part in shown
    submitted = next(asked for asked in plane.asked if asked.path == REQUESTS)
    assert json.loads(submitted.body)["job_type"] == "word-statistics"


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_the_demo_ends_with_1_when_its_job_has_not_completed(home, ends, state):
    ends(state)

    assert demo.main(home) == 1


def test_the_demo_says_what_is_wrong_with_an_example(home, plane):
    fault = {"line": 1, "column": 1, "message": "odd", "field": "job_type"}
    plane.problem("POST", "/api/jobs/definitions", 400, "1 fault", errors=[fault])

    with pytest.raises(LocalError, match=r"cleanup.yaml:1:1: job_type: odd"):
        demo.main(home)
