"""A control plane in miniature: a real HTTP server that answers ants as it is told to."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeControlPlane:
    """Holds what ants are told, and remembers what they say."""

    def __init__(self) -> None:
        self.registered: list[dict[str, Any]] = []
        self.heartbeats: list[dict[str, Any]] = []
        self.claims: list[dict[str, Any]] = []
        self.secrets_asked: list[dict[str, Any]] = []
        self.secrets: dict[str, tuple[str, str]] = {}  # name: placeholder, value
        self.renewals = 0
        self.queues: dict[str, str] = {}
        self.cancel: list[str] = []
        self.drain = False
        self.clock_behind = timedelta()
        self.answer: dict[str, Any] = {}
        self.claim_answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {"granted": False}
        self.forced_status: dict[str, list[int]] = {}
        self.access_key_id = "test"
        self.lease_seconds = 6
        self.heartbeat_seconds = 0.1
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/stage"

    def set_clock_behind(self, seconds: float) -> None:
        self.clock_behind = timedelta(seconds=seconds)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def credentials(self, access_key_id: str) -> dict[str, Any]:
        return {
            "access_key_id": access_key_id,
            "secret_access_key": "test",
            "session_token": "",
            "expires_at": (datetime.now(UTC) - self.clock_behind + timedelta(hours=1)).isoformat(),
        }

    def directives(self) -> dict[str, Any]:
        queues = [{"routing_key": key, "queue_url": url} for key, url in self.queues.items()]
        return {
            "queues": queues,
            "cancel": self.cancel,
            "drain": self.drain,
            "heartbeat_seconds": self.heartbeat_seconds,
            "lease_seconds": self.lease_seconds,
        }

    def reply(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        kind = path.rpartition("/")[2]
        if self.forced_status.get(kind):
            return self.forced_status[kind].pop(0), {"code": "ERR_FORCED"}
        if kind == "ants":
            self.registered.append(body)
            return 201, {
                "ant_id": body["ant_id"],
                **self.answer,
                "credentials": self.credentials(self.access_key_id),
                "directives": self.directives(),
            }
        if kind == "heartbeat":
            self.heartbeats.append(body)
            return 200, self.directives()
        if kind == "credentials":
            self.renewals += 1
            return 200, self.credentials("test")
        if kind == "secrets":
            self.secrets_asked.append(body)
            known = {name: self.secrets[name] for name in body["names"]}
            return 200, {
                "placeholders": {name: mark for name, (mark, _) in known.items()},
                "values": {name: value for name, (_, value) in known.items()},
            }
        self.claims.append(body)
        return 200, self.claim_answer(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _handler(plane: FakeControlPlane) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            assert self.path.startswith("/stage/api/ants")
            status, answer = (
                plane.reply(self.path, body)
                if self.headers["Authorization"] == "Bearer secret-token"
                else (403, {"code": "ERR_FORBIDDEN"})
            )
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) - plane.clock_behind, usegmt=True)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    return Handler
