"""The article's way: upload, submit, watch and fetch with nothing but HTTP."""

from __future__ import annotations

import hashlib
import random
import urllib.request

from formicary.entrypoints.local.home import CHECKOUT
from tests.e2e.api import states_of, tasks_of

EXAMPLES = CHECKOUT / "examples"
FILM = random.Random(7).randbytes(300_001)


def params(url: str) -> dict[str, str]:
    return {"URL": url, "InputEncoding": "MP4", "OutputEncoding": "WebM"}


def test_a_pipeline_goes_from_upload_to_artifact(api, web):
    web.files["/film.mp4"] = FILM
    text = (EXAMPLES / "video-encoding.yaml").read_bytes()

    uploaded = api.upload(text)
    assert uploaded.status in (200, 201)
    run = api.ended(api.submit("video-encoding", **params(f"{web.url}/film.mp4")), "COMPLETED")

    assert list(states_of(run)) == ["validate", "download", "encode"]
    assert set(states_of(run).values()) == {"COMPLETED"}
    starts = [task["started_at"] for task in tasks_of(run).values()]
    assert starts == sorted(starts)
    assert run["params"]["InputEncoding"] == "MP4"
    assert "from http" in api.log(run["id"], "validate")
    (encoded,) = tasks_of(run)["encode"]["artifacts"]
    assert encoded["name"] == "video-whole.WebM"
    assert encoded["content_length"] == len(FILM)
    assert encoded["sha256"] == hashlib.sha256(FILM).hexdigest()
    assert api.download(encoded) == FILM


def test_two_forked_children_are_joined(api, web):
    web.files["/film.mp4"] = FILM
    for name in ("video-encoding", "parallel-video-encoding"):
        api.define((EXAMPLES / f"{name}.yaml").read_bytes())

    request = api.submit("parallel-video-encoding", **params(f"{web.url}/film.mp4"))
    run = api.ended(request, "COMPLETED")

    assert list(states_of(run)) == [
        *("validate", "download", "split"),
        *("fork-encode1", "fork-encode2", "fork-await", "combine"),
    ]
    tasks = tasks_of(run)
    for fork in ("fork-encode1", "fork-encode2"):
        child = api.run(tasks[fork]["forked_job_id"])
        assert child["job_state"] == "COMPLETED"
        assert child["job_type"] == "video-encoding"
        assert child["parent_id"] == run["id"]
    (combined,) = tasks["combine"]["artifacts"]
    assert api.download(combined) == FILM


def test_a_definition_is_given_back_byte_for_byte_and_drawn(api):
    text = (EXAMPLES / "parallel-video-encoding.yaml").read_bytes() + "# ende: äöü €\n".encode()
    defined = api.define(text)

    answer = api.call("GET", "/api/jobs/definitions/parallel-video-encoding/yaml")
    assert answer.body == text
    assert answer.headers["Content-Type"].startswith("application/yaml")
    shown = api.get(f"/api/jobs/definitions/{defined['id']}")
    assert [task["task_type"] for task in shown["tasks"]][:2] == ["validate", "download"]
    drawn = api.text("/api/jobs/definitions/parallel-video-encoding/dot")
    assert drawn.startswith("digraph")
    assert '"split" -> "fork-encode1"' in drawn


def test_the_same_text_again_is_no_new_version(api):
    text = "job_type: e2e-same\ntasks:\n- task_type: a\n  method: SHELL\n  script: ['true']\n"

    first, again = api.upload(text), api.upload(text)
    changed = api.upload(text + "# other\n")

    assert (first.status, again.status, changed.status) == (201, 200, 201)
    assert first.json["id"] == again.json["id"] == "e2e-same:1"
    assert changed.json["id"] == "e2e-same:2"


def test_requests_and_artifacts_are_listed_and_a_graph_shows_how_far_a_run_is(api):
    api.define(
        "job_type: e2e-listed\ntasks:\n- task_type: make\n  method: SHELL\n"
        "  script: ['echo made > made.txt']\n  artifacts:\n    paths: [made.txt]\n"
    )
    run = api.ended(api.submit("e2e-listed"), "COMPLETED")

    listed = api.get("/api/jobs/requests", job_type="e2e-listed", job_state="DONE")
    assert [record["id"] for record in listed["records"]] == [run["id"]]
    (artifact,) = [
        record
        for record in api.get("/api/artifacts", job_request_id=run["id"])["records"]
        if record["kind"] == "TASK_ARTIFACTS"
    ]
    assert api.get(f"/api/artifacts/{artifact['id']}")["sha256"] == artifact["sha256"]
    assert "make" in api.text(f"/api/jobs/requests/{run['id']}/dot")
    # As `curl -L` does it, which takes the token along on the same host.
    request = urllib.request.Request(
        api.url + artifact["url"], headers={"Authorization": f"Bearer {api.token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as content:
        assert content.read() == b"made\n"


def test_an_uploaded_artifact_comes_back(api):
    content = bytes(range(256)) * 40

    stored = api.call("POST", "/api/artifacts", content, query={"name": "odd.bin"})

    assert stored.status == 201
    assert stored.json["sha256"] == hashlib.sha256(content).hexdigest()
    assert api.download(stored.json) == content


def test_a_task_gets_an_upload_that_it_names(api):
    content = bytes(range(256)) * 40
    stored = api.call("POST", "/api/artifacts", content, query={"name": "model.bin"}).json
    api.define(
        "job_type: e2e-named\ntasks:\n- task_type: use\n  method: SHELL\n"
        "  artifact_ids: ['{{.Model}}']\n  script: ['sha256sum model.bin']\n"
    )

    run = api.ended(api.submit("e2e-named", Model=stored["id"]), "COMPLETED")
    assert stored["sha256"] in api.log(run["id"], "use")

    failed = api.ended(api.submit("e2e-named", Model="nobody"), "FAILED")
    assert "There is no artifact 'nobody'" in failed["error_message"]
