"""HTTP tasks of an organization that has no ant at all: a function carries them out."""

from __future__ import annotations

import hashlib
import json
import time

import pytest

from formicary.routes import Role
from tests.e2e.api import eventually, tasks_of
from tests.e2e.deployed_functions import DeployedFunctions
from tests.e2e.test_tenants import token

TEXT = """
job_type: e2e-no-host
tasks:
- task_type: ask
  method: HTTP_GET
  url: "{{.Server}}/price"
  artifacts:
    paths: [price.txt]
  on_completed: tell
- task_type: tell
  method: HTTP_POST_JSON
  url: "{{.Server}}/told"
  variables:
    Colour: green
  artifacts:
    paths: [answer.txt]
  on_completed: missing
- task_type: missing
  method: HTTP_GET
  url: "{{.Server}}/missing"
  on_exit_code:
    404: COMPLETED
"""


@pytest.fixture(scope="module")
def hostless(system):
    """A client of an organization without ants."""
    return system.api(token(system, "hostless", Role.ADMIN))


@pytest.fixture(scope="module")
def run(hostless, web):
    """A job of HTTP tasks, ended."""
    web.files["/price"] = b"12 ants\n" * 5000
    web.files["/told"] = b"thank you\n"
    hostless.define(TEXT)
    return hostless.ended(hostless.submit("e2e-no-host", Server=web.url))


def test_a_job_of_http_tasks_completes_without_any_ant(hostless, web, run):
    tasks = tasks_of(run)

    assert run["job_state"] == "COMPLETED"
    assert hostless.get("/api/ants")["records"] == []
    assert {name: task["exit_code"] for name, task in tasks.items()} == {
        "ask": "200",
        "tell": "200",
        "missing": "404",
    }
    assert {task["ant_id"] for task in tasks.values()} == {"http-function"}
    (told,) = web.of("/told")
    assert json.loads(told.body)["Colour"] == "green"


def test_bodies_are_artifacts_and_logs(hostless, web, run):
    (price,) = tasks_of(run)["ask"]["artifacts"]

    assert price["sha256"] == hashlib.sha256(web.files["/price"]).hexdigest()
    assert hostless.download(price) == web.files["/price"]
    assert hostless.log(run["id"], "tell") == "thank you\n"


def test_a_start_with_something_else_than_a_task_is_refused_and_not_tried_again(system):
    answer = DeployedFunctions(system).invoke("ServeHttp", b'{"tenant": "hostless"}')

    assert json.loads(answer) == {"status": "refused"}


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("tags: [inside]", "the task asks for an ant with tag inside"),
        ("timeout: 1h", "its tasks end within 840 s, and this one may take longer"),
    ],
)
def test_a_task_that_is_none_for_the_function_waits_and_says_why(hostless, web, field, reason):
    name = "e2e-waits-" + field.partition(":")[0]
    hostless.define(
        f"job_type: {name}\ntasks:\n- task_type: call\n  method: HTTP_GET\n"
        f"  url: '{web.url}/inside'\n  {field}\n"
    )
    request = hostless.submit(name)

    def why() -> str:
        return hostless.get(f"/api/jobs/requests/{request}").get("why", "")

    assert eventually(lambda: reason in why())
    assert "no ant is alive" in why()
    assert web.of("/inside") == []
    hostless.cancel(request)
    hostless.ended(request, "CANCELLED")


def test_a_task_that_an_ant_left_on_its_queue_is_carried_out_once_a_minute_later(system, web):
    """An ant registers and is never heard of again; one that comes later finds it done."""
    mine = token(system, "left", Role.ADMIN)
    api = system.api(mine)
    ant = {"ant_id": "gone", "methods": ["HTTP_GET"]}
    assert api.post_json("/api/ants", ant).status == 201
    api.define(
        "job_type: e2e-left\ntasks:\n- task_type: call\n  method: HTTP_GET\n"
        f"  url: {web.url}/left\n"
    )
    request = api.submit("e2e-left")
    run = api.ended(request, "COMPLETED")

    task = tasks_of(run)["call"]
    assert task["ant_id"] == "http-function"
    assert [attempt["attempt"] for attempt in task["attempts"]] == [2]
    late = system.start_ant("late", tags="", methods="HTTP_GET", more={"FORMICARY_TOKEN": mine})
    log = system.home.log("late")
    assert eventually(lambda: "not claimed" in log.read_text())
    late.drain()
    assert len(web.of("/left")) == 1


SECRET = "ghp_s3cr3tToken0"
WITH_SECRET = """
job_type: e2e-secret-call
tasks:
- task_type: call
  method: HTTP_GET
  url: "{{.Server}}/with-secret?key={{.Token}}"
  headers:
    Authorization: "Bearer {{.Token}}"
  artifacts:
    paths: [answer.txt]
"""


def test_a_secret_reaches_the_server_that_is_called_and_no_log_or_view(hostless, system, web):
    config = {"name": "Token", "value": SECRET, "secret": True}
    assert hostless.post_json("/api/orgs/me/configs", config).status == 201
    web.files[f"/with-secret?key={SECRET}"] = f"welcome {SECRET}\n".encode()
    hostless.define(WITH_SECRET)
    request = hostless.submit("e2e-secret-call", Server=web.url)
    run = hostless.ended(request, "COMPLETED")

    (asked,) = web.of("/with-secret")
    assert asked.path.endswith(f"?key={SECRET}")
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert tasks_of(run)["call"]["ant_id"] == "http-function"
    assert hostless.log(request, "call") == "welcome ***\n"
    shown = json.dumps([run, hostless.get(f"/api/jobs/requests/{request}/history")])
    assert SECRET not in shown
    for part in ("ServeHttp", "AnswerAttempt", "RunEngine"):
        told = DeployedFunctions(system).logs(part)
        assert told
        assert SECRET not in told


SLOW = """
job_type: e2e-slow-call
tasks:
- task_type: call
  method: HTTP_GET
  url: "{{.Server}}/slow"
- task_type: clean
  method: HTTP_GET
  url: "{{.Server}}/clean"
  always_run: true
"""


def test_a_cancel_ends_a_call_that_the_function_has_begun(hostless, web):
    """What follows the cancel waits for the report of the call, not for a minute to pass."""
    hostless.define(SLOW)
    request = hostless.submit("e2e-slow-call", Server=web.url)
    assert eventually(lambda: bool(web.of("/slow")))
    began = time.monotonic()
    hostless.cancel(request)
    run = hostless.ended(request, "CANCELLED")
    web.go_on.set()

    assert time.monotonic() - began < 50
    assert tasks_of(run)["call"]["task_state"] == "CANCELLED"
    assert len(web.of("/clean")) == 1
