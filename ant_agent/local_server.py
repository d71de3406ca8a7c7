"""Health and Prometheus metrics of the ant on a port of its host; nothing can be changed there."""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_log = logging.getLogger(__name__)
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number; those whose name ends in `_total` only grow."""

    name: str
    help: str
    value: float

    def lines(self) -> Iterable[str]:
        """Write it in Prometheus' words."""
        kind = "counter" if self.name.endswith("_total") else "gauge"
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {kind}"
        yield f"{self.name} {self.value:.15g}"


class LocalServer:
    """Answers `/health` (200, or 503 with the reason) and `/metrics`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        problem: Callable[[], str],
        metrics: Callable[[], Iterable[Metric]],
    ) -> None:
        """Bind at once: OSError when the port is taken."""
        self._server = ThreadingHTTPServer((host, port), _handler(problem, metrics))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="local-server", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        _log.info("serving health and metrics", extra={"port": self.port})

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(
    problem: Callable[[], str], metrics: Callable[[], Iterable[Metric]]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                lines = [line for metric in metrics() for line in metric.lines()]
                self._answer(200, _TEXT, "\n".join([*lines, ""]))
            elif self.path == "/health":
                reason = problem()
                body = json.dumps({"status": "unhealthy" if reason else "ok", "reason": reason})
                self._answer(503 if reason else 200, "application/json", body)
            else:
                self._answer(404, _TEXT, "/health and /metrics are all there is\n")

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

        def _answer(self, status: int, content_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
