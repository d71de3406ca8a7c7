"""Plays API Gateway: bearer tokens to the authorizer, remembered; requests to the functions."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.bench.counted.functions import Function
from tests.unit.lambdas.api_play import canned, gateway_event


class Gateway:
    """Routes as the stack has them."""

    def __init__(self, *, api: Function, engine: Function, authorizer: Function) -> None:
        self._api = api
        self._engine = engine
        self._authorizer = authorizer
        self._callers: dict[str, dict[str, str]] = {}

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Any:
        """Answer one request."""
        event = gateway_event(
            method,
            path,
            body.decode(),
            headers={"content-type": "application/json", "authorization": authorization},
            caller=self._caller(authorization),
        )
        function = self._engine if path.endswith("/claims") else self._api
        return function.invoke(_kind(method, path, body), event)

    def _caller(self, authorization: str) -> dict[str, str]:
        if authorization not in self._callers:
            request = canned("authorizer_request") | {"identitySource": [authorization]}
            answer = self._authorizer.invoke("authorize", request)
            self._callers[authorization] = answer["context"]
        return self._callers[authorization]


@contextlib.contextmanager
def served(gateway: Gateway) -> Iterator[str]:
    """Serve it on a free port; return its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = gateway.answer(method, self.path, self.headers.get("Authorization", ""), body)
            text = answer.get("body") or ""
            content = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
            self.send_response(answer["statusCode"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def _kind(method: str, path: str, body: bytes) -> str:
    if path.endswith("/heartbeat"):
        return "heartbeat, busy" if json.loads(body).get("in_flight") else "heartbeat, idle"
    if method == "POST" and path == "/api/jobs/requests":
        return "submit"
    if path.startswith("/api/ants"):
        return f"{method} ants"
    return f"{method} {'/'.join(path.split('/')[:4])}"
