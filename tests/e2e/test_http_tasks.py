"""Tasks that are HTTP calls, against a server on this machine."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from tests.e2e.api import tasks_of

METHODS = {
    "HTTP_GET": "GET",
    "HTTP_POST_FORM": "POST",
    "HTTP_POST_JSON": "POST",
    "HTTP_PUT_FORM": "PUT",
    "HTTP_PUT_JSON": "PUT",
    "HTTP_DELETE": "DELETE",
}
TASK = """
- task_type: {name}
  method: {method}
  url: "{{{{.Server}}}}/{name}"
  headers:
    X-Trace: "run {{{{.JobID}}}}"
  variables:
    Colour: green
    Size: 3
  on_completed: {following}
"""


@pytest.fixture(scope="module")
def run(api, web):
    """One job that calls once by each method."""
    names = [method.lower().replace("_", "-") for method in METHODS]
    tasks = [
        TASK.format(name=name, method=method, following=following)
        for name, method, following in zip(names, METHODS, [*names[1:], "missing"], strict=True)
    ]
    api.define(
        "job_type: e2e-http\ntasks:" + "".join(tasks) + "- task_type: missing\n"
        "  method: HTTP_GET\n  url: '{{.Server}}/missing'\n  on_exit_code:\n    404: found-out\n"
        "- task_type: found-out\n  method: SHELL\n  script: ['echo not there']\n"
    )
    return api.ended(api.submit("e2e-http", Server=web.url))


def test_the_status_of_an_answer_is_the_exit_code(run):
    tasks = tasks_of(run)

    assert run["job_state"] == "COMPLETED"
    assert tasks["http-get"]["exit_code"] == "200"
    assert tasks["missing"]["exit_code"] == "404"
    assert tasks["found-out"]["task_state"] == "COMPLETED"


def test_the_answer_is_the_log(api, run):
    assert api.log(run["id"], "http-delete") == "heard you\n"


@pytest.mark.parametrize("method", METHODS)
def test_each_method_sends_what_it_should(run, web, method):
    (asked,) = web.of("/" + method.lower().replace("_", "-"))

    assert asked.method == METHODS[method]
    assert asked.headers["X-Trace"] == f"run {run['id']}"
    if method.endswith("_JSON"):
        sent = json.loads(asked.body)
        assert (sent["Colour"], str(sent["Size"])) == ("green", "3")
    elif method.endswith("_FORM"):
        sent = parse_qs(asked.body.decode())
        assert (sent["Colour"], sent["Size"]) == (["green"], ["3"])
    else:
        assert asked.body == b""
