import hashlib

import pytest

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import RUN_ID, a_run, a_task, an_artifact

CONTENT = b"word 12\n" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def stored(plane):
    def store(**more):
        artifact = an_artifact(**{"sha256": DIGEST, **more})
        run = a_run("COMPLETED", [a_task("report", artifacts=[artifact])])
        plane.on("GET", f"/api/jobs/requests/{RUN_ID}", Answer(run))
        plane.on("GET", "/api/artifacts/A1", Answer(artifact))
        there = {"Location": f"{plane.url}/bucket/key?signature=s"}
        plane.on("GET", "/api/artifacts/A1/download", Answer(None, 302, there))
        plane.on("GET", "/bucket/key", Answer(CONTENT))

    return store


def test_a_download_by_name_is_written_and_the_token_stays_with_the_control_plane(
    formicary, plane, stored, tmp_path
):
    stored()

    outcome = formicary("artifact", "download", "report.txt", "--run", RUN_ID)

    assert outcome.code == 0
    assert (tmp_path / "report.txt").read_bytes() == CONTENT
    assert "Authorization" not in plane.asked[-1].headers


def test_content_with_another_sha256_is_refused_and_leaves_nothing(formicary, stored, tmp_path):
    stored(sha256="0" * 64)

    outcome = formicary("artifact", "download", "A1", "-o", "x.txt")

    assert outcome.code == 1
    assert "SHA-256" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_content_with_another_sha256_never_reaches_stdout(formicary, stored):
    stored(sha256="0" * 64)

    assert formicary("artifact", "download", "A1", "-o", "-").out == ""


def test_a_download_to_stdout_is_the_content_alone(formicary, stored):
    stored()

    assert formicary("artifact", "download", "A1", "-o", "-").out.encode() == CONTENT


def test_a_name_with_folders_stays_in_the_current_folder(formicary, stored, tmp_path):
    stored(name="../../etc/evil.txt")

    formicary("artifact", "download", "A1")

    assert [path.name for path in tmp_path.iterdir()] == ["evil.txt"]


def test_a_file_that_is_there_is_not_overwritten_unasked(formicary, stored, tmp_path):
    stored()
    (tmp_path / "report.txt").write_text("mine")

    assert formicary("artifact", "download", "A1").code == 4
    assert (tmp_path / "report.txt").read_text() == "mine"
    assert formicary("artifact", "download", "A1", "-o", "report.txt").code == 0
    assert (tmp_path / "report.txt").read_bytes() == CONTENT


def test_an_unknown_name_says_which_there_are(formicary, stored):
    stored()

    outcome = formicary("artifact", "download", "nope", "--run", RUN_ID)

    assert outcome.code == 3
    assert "report.txt" in outcome.err


def test_an_object_that_is_gone_is_not_found(formicary, plane, stored):
    stored()
    plane.on("GET", "/bucket/key", Answer(b"<Error/>", 404))

    assert formicary("artifact", "download", "A1", "-o", "x").code == 3


def test_an_upload_sends_the_file_and_prints_the_id(formicary, plane, tmp_path):
    (tmp_path / "in.txt").write_bytes(CONTENT)
    plane.on("POST", "/api/artifacts", Answer(an_artifact("in.txt"), 201))

    outcome = formicary("artifact", "upload", "in.txt")

    assert outcome.out == "A1\n"
    assert plane.asked[0].body == CONTENT
    assert plane.asked[0].query == {"name": "in.txt"}
