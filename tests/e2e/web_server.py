"""A web server on this machine: gives out files, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


_SLOW_SECONDS = 300


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class WebServer:
    """Answers 200 with the file of the path, or with its own words; /missing is 404.

    Who asks for /slow has no answer before `go_on` is set.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.go_on = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def of(self, path: str) -> list[Asked]:
        """Return the requests for a path, whatever their query."""
        return [asked for asked in self.asked if asked.path.partition("?")[0] == path]

    def close(self) -> None:
        """Stop."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.asked.append(Asked(self.command, self.path, self.headers, body))
                if self.path == "/slow":
                    server.go_on.wait(_SLOW_SECONDS)
                content = server.files.get(self.path, b"heard you\n")
                # Who asked may have gone meanwhile.
                with contextlib.suppress(ConnectionError):
                    self.send_response(404 if self.path == "/missing" else 200)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - named by the library

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
