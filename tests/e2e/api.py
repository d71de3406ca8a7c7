"""The REST API as a stranger calls it: plain HTTP, nothing of the product's own clients."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
PATIENCE_SECONDS = 150.0
_LOOK_SECONDS = 0.1
BUSY = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        return self.headers["Content-Type"].startswith("application/problem+json")


class Api:
    """A URL and a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        handlers = [urllib.request.ProxyHandler({}), _NoRedirects()]
        self._opener = urllib.request.build_opener(*handlers)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send one request with the token, whatever comes back."""
        return self.send(
            method,
            self.url + path + (f"?{urlencode(query)}" if query else ""),
            body,
            {"Authorization": f"Bearer {self.token}", **(headers or {})},
        )

    def send(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Send one request as it is."""
        request = urllib.request.Request(url, body, dict(headers), method=method)
        try:
            with self._opener.open(request, timeout=90) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str, **query: Any) -> Any:
        """Return what a GET that succeeds answers."""
        answer = self.call("GET", path, query=query)
        assert answer.status == 200, (path, answer)
        return answer.json

    def text(self, path: str) -> str:
        """Return what a GET of a text answers."""
        answer = self.call("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.body.decode()

    def post_json(self, path: str, document: Any, **query: Any) -> Answer:
        """Send JSON."""
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        return self.call("POST", path, body, headers=headers, query=query)

    def upload(self, text: str | bytes) -> Answer:
        """Send a definition."""
        body = text.encode() if isinstance(text, str) else text
        headers = {"Content-Type": "application/yaml"}
        return self.call("POST", "/api/jobs/definitions", body, headers=headers)

    def define(self, text: str | bytes) -> Any:
        """Send a definition that is right."""
        answer = self.upload(text)
        assert answer.status in (200, 201), answer
        return answer.json

    def submit(self, job_type: str, **params: Any) -> str:
        """Submit a request and return its id."""
        document = {"job_type": job_type, "params": params}
        answer = self.post_json("/api/jobs/requests", document)
        assert answer.status == 201, answer
        return answer.json["id"]

    def run(self, request_id: str) -> Any:
        """Return how a request stands."""
        return self.get(f"/api/jobs/requests/{request_id}")

    def ended(self, request_id: str, state: str | None = None) -> Any:
        """Return the request once it has ended (in this state)."""
        return self.reaches(request_id, lambda run: run["job_state"] in TERMINAL, state)

    def reaches(
        self, request_id: str, condition: Callable[[Any], Any], state: str | None = None
    ) -> Any:
        """Return the request once the condition holds."""
        run: Any = None

        def there() -> bool:
            nonlocal run
            answer = self.call("GET", f"/api/jobs/requests/{request_id}")
            if answer.status in BUSY:
                return False
            assert answer.status == 200, answer
            run = answer.json
            return bool(condition(run))

        assert eventually(there), f"still: {json.dumps(run, indent=1)}"
        if state is not None:
            assert run["job_state"] == state, json.dumps(run, indent=1)
        return run

    def executes(self, request_id: str, task_type: str) -> Any:
        """Return the request once this task is there."""
        return self.reaches(request_id, lambda run: task_type in tasks_of(run))

    def cancel(self, request_id: str) -> Answer:
        """Ask for the end of a request."""
        return self.call("POST", f"/api/jobs/requests/{request_id}/cancel")

    def log(self, request_id: str, task_type: str) -> str:
        """Return what a task has printed."""
        return self.text(f"/api/jobs/requests/{request_id}/tasks/{task_type}/log")

    def download(self, artifact: Mapping[str, Any]) -> bytes:
        """Fetch an artifact by its `url`, where it leads."""
        answer = self.call("GET", artifact["url"])
        assert answer.status == 302, answer
        content = self.send("GET", answer.headers["Location"])
        assert content.status == 200, content
        return content.body


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether the condition comes to hold; deadlines are far off, since machines are slow."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def tasks_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tasks of a request by name, in their order."""
    return {task["task_type"]: task for task in run["execution"]["tasks"]}


def states_of(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the state of each task that has begun."""
    return {name: task["task_state"] for name, task in tasks_of(run).items()}
