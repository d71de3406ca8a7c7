"""Websocket ants on the whole system: a program, and the article's JavaScript in a browser."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.e2e.api import eventually, tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOB = """
job_type: e2e-web
tasks:
- task_type: process
  method: WEBSOCKET
  tags: [{tag}]
  variables:
    text: hello
"""
# The client as the article prints it (7.3), with the address of this system.
PAGE = """<html><script>
const ws = new WebSocket('%s');
ws.onopen = function () {
    const registration = {
        'ant_id': 'sample-web',
        'tags': ['js', 'web'],
        'methods': ['WEBSOCKET']
    }
    ws.send(JSON.stringify(registration));
}
ws.onmessage = function (evt) {
    const msg = JSON.parse(evt.data);
    // handle message
    msg.status = 'COMPLETED';
    ws.send(JSON.stringify(msg));
}
</script></html>"""


@pytest.fixture
def address(system) -> str:
    return f"{system.env['FORMICARY_SOCKET_URL']}?token={system.env['FORMICARY_TOKEN']}"


def registered(ws: Any, ant_id: str, *tags: str) -> None:
    ws.send(json.dumps({"ant_id": ant_id, "tags": tags, "methods": ["WEBSOCKET"]}))


def received(ws: Any) -> dict[str, Any]:
    return json.loads(ws.recv(timeout=120))


def test_a_program_takes_a_task_and_answers(api, address):
    api.define(JOB.format(tag="e2e-prog"))
    with connect(address) as ws:
        registered(ws, "prog", "E2E-prog", "more")
        run = api.submit("e2e-web")
        task = received(ws)
        assert task["variables"]["text"]["value"] == "hello"
        ws.send(json.dumps({**task, "status": "COMPLETED", "job_context": {"said": "hi"}}))
        ended = api.ended(run, "COMPLETED")

    assert tasks_of(ended)["process"]["ant_id"] == "ws:admin:prog"
    assert tasks_of(ended)["process"]["contexts"] or ended["execution"]["contexts"]


def test_a_program_that_reconnects_goes_on_with_its_task(api, address):
    api.define(JOB.format(tag="e2e-again"))
    run = api.submit("e2e-web")
    with connect(address) as ws:
        registered(ws, "again", "e2e-again")
        task = received(ws)
    with connect(address) as ws:
        registered(ws, "again", "e2e-again")
        ws.send(json.dumps({**task, "status": "COMPLETED"}))
        ended = api.ended(run, "COMPLETED")

    assert ended["execution"]["tasks"][0]["ant_id"] == "ws:admin:again"


def test_the_task_of_a_program_that_stays_away_goes_to_another(api, address):
    api.define(JOB.format(tag="e2e-gone"))
    run = api.submit("e2e-web")
    with connect(address) as ws:
        registered(ws, "gone", "e2e-gone")
        first = received(ws)
    with connect(address) as ws:
        registered(ws, "there", "e2e-gone")
        second = received(ws)
        ws.send(json.dumps({**second, "status": "COMPLETED"}))
        ended = api.ended(run, "COMPLETED")

    assert second["task_retry"] == first["task_retry"] + 1
    assert ended["execution"]["tasks"][0]["ant_id"] == "ws:admin:there"


def test_a_cancelled_task_is_taken_from_its_program(api, address):
    api.define(JOB.format(tag="e2e-cancel"))
    run = api.submit("e2e-web")
    with connect(address) as ws:
        registered(ws, "cancelled", "e2e-cancel")
        received(ws)
        api.cancel(run)
        assert received(ws)["action"] == "CANCEL"
        api.ended(run, "CANCELLED")


def test_a_wrong_token_opens_no_connection(system):
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{system.env['FORMICARY_SOCKET_URL']}?token=not-a-token")


def test_who_watches_a_run_hears_its_log_while_it_is_written(api, address, tmp_path):
    go = tmp_path / "go"
    api.define(
        "job_type: e2e-watched\ntasks:\n- task_type: talk\n  method: SHELL\n  script:\n"
        f"    - echo begin\n    - until [ -e {go} ]; do sleep 0.2; done\n    - echo end\n"
    )
    run = api.submit("e2e-watched")
    heard: list[dict[str, Any]] = []
    with connect(address) as ws:
        ws.send(json.dumps({"action": "watch", "job_request_id": run}))
        while not heard or heard[-1]["type"] != "end":
            heard.append(received(ws))
            if heard[-1].get("text") == "begin\n":
                assert api.run(run)["job_state"] == "EXECUTING"
                go.touch()

    logs = [message for message in heard if message["type"] == "log"]
    once = {message["offset"]: message["text"] for message in logs}
    assert "".join(once[offset] for offset in sorted(once)) == "begin\nend\n"
    assert [m["job_state"] for m in heard if m["type"] == "run"][-1] == "COMPLETED"
    assert heard[-1]["job_state"] == "COMPLETED"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine")
def test_the_articles_javascript_client_works_in_a_browser(api, address, web, tmp_path):
    api.define(
        "job_type: e2e-page\ntasks:\n- task_type: process\n  method: WEBSOCKET\n"
        "  tags:\n    - web\n    - js\n"
    )
    web.files["/page.html"] = (PAGE % address).encode()
    run = api.submit("e2e-page")

    with browser(f"{web.url}/page.html", tmp_path):
        ended = api.ended(run, "COMPLETED")
        assert tasks_of(ended)["process"]["ant_id"] == "ws:admin:sample-web"

    def is_noticed() -> bool:
        ants = api.get("/api/ants", page_size=100)["records"]
        return not [a for a in ants if a["ant_id"] == "ws:admin:sample-web" and a["alive"]]

    assert eventually(is_noticed)


@contextlib.contextmanager
def browser(url: str, folder: Path) -> Iterator[None]:
    """A headless browser that shows a page meanwhile."""
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu"),
                *("--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"),
                *("--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}", url),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.kill()
        process.wait(30)
