"""HTTP tasks against a real server."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ant_agent.cancellation import Cancellation, StopReason
from formicary.domain.addresses import is_metadata
from formicary.domain.states import RequestState
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task


class Handler(BaseHTTPRequestHandler):
    """Tells what it was asked."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "method": self.command,
            "path": self.path,
            "type": self.headers.get("Content-Type", ""),
            "colour": self.headers.get("X-Colour", ""),
            "body": self.rfile.read(length).decode(),
        }
        content = json.dumps(told).encode()
        if self.path.startswith("/slow"):
            self.server.released.wait(20)
        if self.path in {"/endless", "/flood"}:
            self._answer_on_and_on(0.05 if self.path == "/endless" else 0)
            return
        if self.path.startswith("/big"):
            content = b"x" * 5000
        status = int(self.path[8:11]) if self.path.startswith("/status/") else 200
        self.send_response(302 if self.path.startswith(("/loop", "/to")) else status)
        if self.path.startswith("/loop"):
            self.send_header("Location", "/loop")
        if self.path.startswith("/to/"):
            self.send_header("Location", self.path[4:])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer_on_and_on(self, pause: float) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.released.wait(pause):
                self.wfile.write(b"x" if pause else b"x" * 1000)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the base class has them so

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, http_body_limit_bytes=4096)


VARIABLES = {
    "name": {"value": "Ann & Bob"},
    "count": {"value": 3},
    "key": {"value": "s3cret", "secret": True},
}


FORM = ("application/x-www-form-urlencoded", "name=Ann+%26+Bob&count=3")
JSON = ("application/json", '{"name":"Ann & Bob","count":3}')


@pytest.mark.parametrize(
    ("method", "verb", "sent"),
    [
        ("HTTP_GET", "GET", ("", "")),
        ("HTTP_DELETE", "DELETE", ("", "")),
        ("HTTP_POST_FORM", "POST", FORM),
        ("HTTP_PUT_FORM", "PUT", FORM),
        ("HTTP_POST_JSON", "POST", JSON),
        ("HTTP_PUT_JSON", "PUT", JSON),
    ],
)
def test_each_method_sends_what_it_should(
    bench: Workbench, server: str, method: str, verb: str, sent: tuple[str, str]
) -> None:
    options = {"method": method, "headers": {"X-Colour": "red"}, "query": {"b": "2 3"}}

    outcome = bench.run(task(f"{server}/p?a=1", options=options, variables=VARIABLES))

    told = json.loads(outcome.log.inline)
    assert (told["method"], told["path"], told["colour"]) == (verb, "/p?a=1&b=2+3", "red")
    assert (told["type"], told["body"]) == sent
    assert (outcome.result.exit_code, outcome.status()) == ("200", RequestState.COMPLETED)


def get(*urls: str, **changes: Any) -> Any:
    options = {"method": "HTTP_GET"} | changes.pop("options", {})
    return task(*urls, options=options, **changes)


def test_a_status_that_is_not_2xx_fails_and_ends_the_list(bench: Workbench, server: str) -> None:
    outcome = bench.run(get(f"{server}/a", f"{server}/status/404", f"{server}/c"))

    assert (outcome.result.exit_code, outcome.status()) == ("404", RequestState.FAILED)
    assert outcome.result.failed_command == f"{server}/status/404"
    assert '"/c"' not in outcome.log.inline


def test_redirects_are_followed_but_not_for_ever_nor_to_other_schemes(
    bench: Workbench, server: str
) -> None:
    good = bench.run(get(f"{server}/to//fine"))
    loop = bench.run(get(f"{server}/loop"))
    other = bench.run(get(f"{server}/to/ftp://example.com/"))

    assert json.loads(good.log.inline)["path"] == "/fine"
    assert "TooManyRedirects" in loop.result.error_message
    assert other.result.error_code == "ERR_TASK_EXECUTE"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "no url at all", "http://127.0.0.1:1/"])
def test_what_cannot_be_called_fails_without_an_exit_code(bench: Workbench, url: str) -> None:
    outcome = bench.run(get(url))

    assert (outcome.result.exit_code, outcome.status()) == ("", RequestState.FAILED)
    assert outcome.result.error_message


def test_a_script_without_a_url_fails(bench: Workbench) -> None:
    assert bench.run(get("  ")).result.error_message == "script names no URL"


def test_a_response_that_is_too_large_fails(bench: Workbench, server: str) -> None:
    outcome = bench.run(get(f"{server}/big"))

    assert "larger than 4096 bytes" in outcome.result.error_message


def test_a_timeout_ends_a_call(bench: Workbench, server: str) -> None:
    started = time.monotonic()

    outcome = bench.run(get(f"{server}/slow", timeout=0.3))

    assert time.monotonic() - started < 30
    assert outcome.result.error_code == "ERR_TASK_TIMED_OUT"


@pytest.mark.parametrize("path", ["/slow", "/endless"])
def test_a_call_that_never_ends_fails_in_words_without_a_timeout_of_its_own(
    tmp_path: Path, server: str, path: str
) -> None:
    bench = Workbench(tmp_path, http_call_seconds=0.5)

    outcome = bench.run(get(f"{server}{path}"))

    assert outcome.result.error_code == "ERR_TASK_EXECUTE"
    assert "no whole answer came within 0.5 s" in outcome.result.error_message
    assert "a timeout of the task" in outcome.result.error_message
    assert bench.run(get(f"{server}/x")).succeeded


def test_an_answer_of_endless_length_fails_at_the_limit(bench: Workbench, server: str) -> None:
    outcome = bench.run(get(f"{server}/flood"))

    assert "larger than 4096 bytes" in outcome.result.error_message


def test_a_cancel_ends_a_call(bench: Workbench, server: str) -> None:
    def cancel(cancellation: Cancellation) -> None:
        time.sleep(0.2)
        cancellation.stop(StopReason.CANCELLED)

    outcome = bench.run(get(f"{server}/slow"), cancel)

    assert outcome.status() is RequestState.CANCELLED


def test_the_body_is_an_artifact_when_one_is_declared(bench: Workbench, server: str) -> None:
    options = {"artifacts": {"paths": ["response"]}}

    outcome = bench.run(get(f"{server}/x", options=options))

    assert [artifact.name for artifact in outcome.artifacts] == ["response"]
    content = bench.objects.objects[outcome.artifacts[0].key]
    assert content.decode() == outcome.log.inline


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "[::ffff:169.254.169.254]",
        "2852039166",
        "0xa9fea9fe",
        "[fe80::1]",
        "[fd00:ec2::254]",
    ],
)
@pytest.mark.parametrize("way", ["", "redirect"])
def test_no_url_and_no_redirect_leads_to_a_metadata_service(
    bench: Workbench, server: str, address: str, way: str
) -> None:
    url = f"http://{address}/latest/meta-data/"

    outcome = bench.run(get(f"{server}/to/{url}" if way else url, timeout=10))

    assert outcome.status() is RequestState.FAILED
    assert "link-local" in outcome.result.error_message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("way", ["", "redirect"])
def test_no_url_and_no_redirect_leads_to_an_address_that_is_closed(
    tmp_path: Path, server: str, host: str, way: str
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        bench = Workbench(tmp_path, http_closed_addresses=(f"127.0.0.1:{closed.server_port}",))
        url = f"http://{host}:{closed.server_port}/"

        outcome = bench.run(get(f"{server}/to/{url}" if way else url, timeout=10))

    assert outcome.status() is RequestState.FAILED
    assert f"may not reach its port {closed.server_port}" in outcome.result.error_message


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "[::1]", "192.168.1.1"])
def test_where_public_addresses_alone_are_called_others_are_refused_in_words(
    tmp_path: Path, address: str
) -> None:
    bench = Workbench(tmp_path, http_public_only=True)

    outcome = bench.run(get(f"http://{address}:9/", timeout=10))

    assert outcome.status() is RequestState.FAILED
    assert "reach public addresses alone" in outcome.result.error_message


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "8.8.8.8", "2001:db8::1"])
def test_other_addresses_are_open(address: str) -> None:
    assert not is_metadata(address)
