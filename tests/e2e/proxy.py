"""A proxy between clients and the embedded AWS, in which a test can do what networks do."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_SECONDS = 120
_BLOCK = 2**16


@dataclass(frozen=True)
class Response:
    """What the client is answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Exchange:
    """One request of a client, for as long as it is not decided what becomes of it."""

    method: str
    path: str
    headers: Mapping[str, str]
    length: int
    read: Callable[[int], bytes]
    client_port: int
    upstream: tuple[str, int]
    lost: bool = field(default=False, init=False)
    _body: bytes | None = field(default=None, init=False)

    @property
    def action(self) -> str:
        """`DynamoDB_20120810.GetItem`, `AmazonSQS.SendMessage`; nothing for other services."""
        return self.headers.get("X-Amz-Target", "")

    @property
    def body(self) -> bytes:
        """All that the client sends."""
        if self._body is None:
            self._body = self.read(self.length)
        return self._body

    def forward(self, body: bytes | None = None) -> Response:
        """Have it done, with another body if one is given."""
        content = self.body if body is None else body
        connection = self._connect(len(content))
        try:
            connection.send(content)
            answer = connection.getresponse()
            return Response(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def cut(self, after: int) -> None:
        """Pass on the first bytes of the body, then cut both connections."""
        connection = self._connect(self.length)
        try:
            while after > 0 and (block := self.read(min(after, _BLOCK))):
                connection.send(block)
                after -= len(block)
        finally:
            connection.close()
        self.lose()

    def lose(self) -> None:
        """Cut the client's connection without an answer."""
        self.lost = True

    def client(self) -> int:
        """Return the process at the other end."""
        return process_of(self.client_port)

    def kill_client(self) -> int:
        """Kill -9 the process at the other end, and return which one it was."""
        pid = self.client()
        os.kill(pid, signal.SIGKILL)
        self.lose()
        return pid

    def _connect(self, length: int) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(*self.upstream, timeout=_SECONDS)
        connection.putrequest(self.method, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in (*_HOP_BY_HOP, "expect"):
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        return connection


def pass_on(exchange: Exchange) -> Response:
    """What a proxy does that does nothing."""
    return exchange.forward()


class Proxy:
    """Listens on a port of this machine; `behaviour` may be exchanged at any time.

    A behaviour that returns None has lost the request, or its answer.
    """

    def __init__(self, upstream_port: int) -> None:
        self.behaviour: Callable[[Exchange], Response | None] = pass_on
        self.faults: list[BaseException] = []
        proxy = self

        class Handler(_Handler):
            def decide(self, exchange: Exchange) -> Response | None:
                try:
                    return proxy.behaviour(exchange)
                except OSError:  # the machine behind is away: so is this one
                    return None
                except BaseException as fault:
                    proxy.faults.append(fault)
                    raise

            upstream = ("127.0.0.1", upstream_port)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop; a test in which a behaviour itself has failed fails."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert not self.faults, self.faults


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are what all this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: tuple[str, int]

    def decide(self, exchange: Exchange) -> Response | None:
        raise NotImplementedError

    def _handle(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.send_error(501, "this proxy knows bodies of a known length only")
            return
        exchange = Exchange(
            method=self.command,
            path=self.path,
            headers=self.headers,  # type: ignore[arg-type] # a mapping that ignores case
            length=int(self.headers.get("Content-Length", 0)),
            read=self.rfile.read,
            client_port=self.client_address[1],
            upstream=self.upstream,
        )
        answer = self.decide(exchange)
        if answer is None or exchange.lost:
            self._hang_up()
            return
        _ = exchange.body  # an answer comes after the request, however little was made of that
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        # With a reset, as when the other machine is gone.
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815 (names of the base)


def process_of(port: int) -> int:
    """Return the process on this machine whose connection has this local port."""
    wanted = f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(wanted) and words[9] != "0":
            return _holder(f"socket:[{words[9]}]")
    raise LookupError(f"nobody has port {port}")


def _holder(name: str) -> int:
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(descriptor.readlink()) == name:
                return int(descriptor.parts[2])
        except OSError:  # the process, or the descriptor, is gone
            continue
    raise LookupError(f"nobody holds {name}")
