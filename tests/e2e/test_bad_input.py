"""What is wrong is refused with a problem that says what and where; nothing of it is stored."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

GOOD = "job_type: {job_type}\ntasks:\n- task_type: a\n  method: SHELL\n  script: ['true']\n"


def assert_problem(answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    assert answer.is_problem, answer
    problem = answer.json
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"]


CYCLE = """
job_type: e2e-bad
tasks:
- {task_type: a, method: SHELL, script: ['true'], on_completed: b}
- {task_type: b, method: SHELL, script: ['true'], on_completed: c}
- {task_type: c, method: SHELL, script: ['true'], on_completed: b}
"""
BAD_DEFINITIONS = {
    "malformed": ("job_type: e2e-bad\ntasks:\n- task_type: a\n   method: SHELL\n", 4, ""),
    "unknown-field": (
        GOOD.format(job_type="e2e-bad") + "  retri: 3\n",
        6,
        "retri",
    ),
    "unknown-method": (
        "job_type: e2e-bad\ntasks:\n- task_type: a\n  method: TELEPATHY\n  script: ['true']\n",
        4,
        "method",
    ),
    "routing-to-nowhere": (GOOD.format(job_type="e2e-bad") + "  on_completed: gone\n", 6, "gone"),
    "cycle": (
        CYCLE,
        0,
        "c",
    ),
    "no-tasks": ("job_type: e2e-bad\n", 0, "tasks"),
    "bad-template": (
        "job_type: e2e-bad\ntasks:\n- task_type: a\n  method: SHELL\n  script: ['{{.X']\n",
        5,
        "",
    ),
}


@pytest.mark.parametrize("name", BAD_DEFINITIONS)
def test_a_definition_with_a_fault_is_refused_with_its_place(api, name):
    text, line, word = BAD_DEFINITIONS[name]

    answer = api.upload(text)

    assert_problem(answer, 400, "ERR_DEFINITION")
    faults = answer.json["errors"]
    assert faults
    if line:
        assert line in [fault["line"] for fault in faults], faults
    assert all(fault["message"] for fault in faults)
    assert word in json.dumps(faults)
    assert api.call("GET", "/api/jobs/definitions/e2e-bad").status == 404


def test_all_faults_are_told_at_once(api):
    answer = api.upload(
        "job_type: e2e-bad\ntimeot: 3\ntasks:\n- task_type: a\n  method: SHEL\n"
        "  timeout: soon\n  script: ['true']\n"
    )

    lines = {fault["line"] for fault in answer.json["errors"]}
    assert lines >= {2, 5, 6}


def test_a_definition_that_is_too_large_is_refused(api):
    text = GOOD.format(job_type="e2e-large") + "# " + "x" * 300_000

    assert_problem(api.upload(text), 413, "ERR_TOO_LARGE")
    assert api.call("GET", "/api/jobs/definitions/e2e-large").status == 404


def test_an_artifact_that_is_too_large_is_refused(api):
    answer = api.call("POST", "/api/artifacts", b"x" * (4 * 2**20 + 1), query={"name": "big"})

    assert_problem(answer, 413, "ERR_TOO_LARGE")
    assert api.get("/api/artifacts", name="big")["records"] == []


def test_an_unknown_job_type_is_refused(api):
    answer = api.post_json("/api/jobs/requests", {"job_type": "e2e-nobody-knows"})

    assert_problem(answer, 404, "ERR_NOT_FOUND")
    assert api.get("/api/jobs/requests", job_type="e2e-nobody-knows")["records"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{not json", "line 1"),
        (b"", "body"),
        (b'{"job_type": 7}', "job_type"),
        (b'{"job_type": "e2e-known", "parms": {}}', "parms"),
        (b'{"job_type": "e2e-known", "params": []}', "params"),
        (b'{"job_type": "e2e-known", "params": {"JobID": "x"}}', "JobID"),
        (b'\xff\xfe{"job_type": "e2e-known"}', "JSON"),
    ],
)
def test_a_submission_that_is_wrong_is_refused_with_its_field(api, body, word):
    api.define(GOOD.format(job_type="e2e-known"))
    headers = {"Content-Type": "application/json"}

    answer = api.call("POST", "/api/jobs/requests", body, headers=headers)

    assert_problem(answer, 400, "ERR_VALIDATION")
    assert word in answer.body.decode()
    assert api.get("/api/jobs/requests", job_type="e2e-known")["records"] == []


def test_missing_params_are_named_all_at_once(api):
    api.define(GOOD.format(job_type="e2e-needs") + "required_params: [One, Two]\n")

    answer = api.post_json("/api/jobs/requests", {"job_type": "e2e-needs"})

    assert_problem(answer, 400, "ERR_VALIDATION")
    assert answer.json["missing_params"] == ["One", "Two"]
    assert api.get("/api/jobs/requests", job_type="e2e-needs")["records"] == []


def test_a_wrong_token_is_refused(system):
    for token in ("fmc_wrong", "x" * 3000, "a b"):
        answer = system.api(token).upload(GOOD.format(job_type="e2e-bad"))
        assert_problem(answer, 401, "ERR_UNAUTHENTICATED")


def test_no_token_is_refused_by_the_gateway_itself(api):
    # Its own words: an HTTP API lets nobody change what it says when the header is missing.
    answer = api.send("GET", f"{api.url}/api/jobs/definitions")

    assert answer.status == 401


def test_health_needs_no_token(api):
    answer = api.send("GET", f"{api.url}/api/health")

    assert answer.status == 200
    assert answer.json["overall_status"] == "HEALTHY"


def test_an_unknown_route_and_a_wrong_method_are_refused(api):
    assert_problem(api.call("GET", "/api/nothing/here"), 404, "ERR_NOT_FOUND")
    wrong = api.call("PUT", "/api/jobs/requests", b"{}")
    assert_problem(wrong, 405, "ERR_METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs/requests/nobody",
        "/api/jobs/definitions/nobody",
        "/api/jobs/definitions/nobody/yaml",
        "/api/artifacts/nobody",
        "/api/artifacts/nobody/download",
        "/api/ants/nobody",
        "/api/jobs/requests/..%2f..%2fx/tasks/a/log",
    ],
)
def test_what_is_not_there_is_not_found(api, path):
    assert_problem(api.call("GET", path), 404, "ERR_NOT_FOUND")


def test_one_user_key_is_one_request_however_often_it_is_submitted(api):
    api.define(
        "job_type: e2e-keyed\ntasks:\n- task_type: wait\n  method: SHELL\n  script: ['sleep 600']\n"
    )
    document = {"job_type": "e2e-keyed", "user_key": "order 4711 / ä"}

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.post_json("/api/jobs/requests", document), range(4)))

    (request,) = {answer.json["id"] for answer in answers}
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    listed = api.get("/api/jobs/requests", job_type="e2e-keyed")["records"]
    assert [record["id"] for record in listed] == [request]
    api.cancel(request)
    api.ended(request, "CANCELLED")
    fresh = api.post_json("/api/jobs/requests", document)
    assert fresh.status == 201
    api.cancel(fresh.json["id"])
    api.ended(fresh.json["id"])
