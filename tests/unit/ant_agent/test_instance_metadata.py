"""Whether the metadata service is within reach, and what keeps tasks from it."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ant_agent.instance_metadata import answers, mends
from formicary.domain.states import HTTP_METHODS, TaskMethod


class _Refusing(BaseHTTPRequestHandler):
    """IMDSv2: nothing without a token of its own."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_refusal_is_an_answer(url: str) -> None:
    assert answers(url, seconds=10)


def test_a_proxy_does_not_answer_for_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)

    assert not answers("http://127.0.0.1:9")


def test_silence_is_waited_for_shortly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()

        assert not answers(f"http://127.0.0.1:{silent.getsockname()[1]}")

        assert time.monotonic() - began < 5


def test_each_method_that_reaches_it_has_a_mend_and_http_needs_none() -> None:
    reaching = (TaskMethod.SHELL, TaskMethod.DOCKER, TaskMethod.KUBERNETES)

    assert [len(mends([method])) for method in reaching] == [1, 1, 1]
    assert mends(HTTP_METHODS) == []
