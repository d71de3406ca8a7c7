"""A job fails and is told, succeeds and is told as fixed: mail in the outbox, calls of a server."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.e2e.api import eventually

if TYPE_CHECKING:
    from tests.e2e.api import Api
    from tests.e2e.local_system import LocalSystem
    from tests.e2e.web_server import WebServer

JOB = """
job_type: e2e-notify
notify:
  email: ["{{.Who}}@example.org"]
webhook:
  url: URL/hook
  headers: {X-Token: "{{.E2eHookToken}}"}
tasks:
- task_type: work
  method: SHELL
  script: ["exit {{.Code}}"]
"""
FORBIDDEN = """
job_type: e2e-notify-forbidden
webhook: {url: "http://169.254.169.254/latest/meta-data"}
tasks:
- task_type: work
  method: SHELL
  script: ["true"]
"""
SECRETS = {"E2eHookToken": "t0ken-of-the-hook", "WebhookSecret": "shared-with-the-server"}


def letters(system: LocalSystem, recipient: str) -> list[dict[str, Any]]:
    """Return what lies in the embedded outbox for a recipient."""
    with urllib.request.urlopen(f"{system.aws.endpoint}/_ministack/ses/messages") as answer:
        found = json.load(answer)["messages"]
    return [m for of_account in found.values() for m in of_account if recipient in m["To"]]


def records(api: Api, request: str, **wanted: Any) -> list[Any]:
    """Return the notifications of a request that have these values."""
    found = api.get(f"/api/jobs/requests/{request}/notifications")["records"]
    return [r for r in found if all(r[name] == value for name, value in wanted.items())]


def test_a_failure_is_told_and_the_success_after_it_as_fixed(
    system: LocalSystem, api: Api, web: WebServer
) -> None:
    for name, value in SECRETS.items():
        config = {"name": name, "value": value, "secret": True}
        assert api.post_json("/api/orgs/default/configs", config).status in (200, 201)
    api.define(JOB.replace("URL", web.url))
    failed = api.submit("e2e-notify", Who="e2e-ann", Code="3")
    api.ended(failed, "FAILED")
    # The mail, and the webhook for the task and for the job.
    assert eventually(lambda: len(records(api, failed, state="SENT")) == 3)

    mended = api.submit("e2e-notify", Who="e2e-ann", Code="0")
    api.ended(mended, "COMPLETED")
    assert eventually(lambda: len(records(api, mended, state="SENT")) == 3)

    first, second = letters(system, "e2e-ann@example.org")
    assert first["Subject"] == "e2e-notify FAILED (ERR_TASK_EXECUTE)"
    assert failed in first["BodyText"]
    assert second["Subject"] == "Fixed: e2e-notify COMPLETED"
    (fixed,) = records(api, mended, channel="email")
    assert fixed["fixed"] is True

    calls = web.of("/hook")
    events = [json.loads(call.body) for call in calls]
    assert sorted((e["job_request_id"], e["event_type"]) for e in events) == sorted(
        (request, kind)
        for request in (failed, mended)
        for kind in ("JobExecutionLifecycleEvent", "TaskExecutionLifecycleEvent")
    )
    for call in calls:
        digest = hmac.new(SECRETS["WebhookSecret"].encode(), call.body, hashlib.sha256)
        assert call.headers["X-Formicary-Signature"] == f"sha256={digest.hexdigest()}"
        assert call.headers["X-Token"] == SECRETS["E2eHookToken"]
    log = system.home.log("aws").read_text(errors="replace")
    assert not [secret for secret in SECRETS.values() if secret in log]


def test_a_webhook_never_reaches_the_metadata_service(api: Api) -> None:
    api.define(FORBIDDEN)
    request = api.submit("e2e-notify-forbidden")
    api.ended(request, "COMPLETED")

    assert eventually(lambda: len(records(api, request, state="REFUSED")) == 2)
    assert "not public" in records(api, request)[0]["error"]
