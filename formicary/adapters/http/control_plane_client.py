"""The REST API as a user speaks it: one method a route, and the errors of the product."""

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote, urlsplit

import httpx

from formicary.adapters.http.problems import error_from
from formicary.domain.errors import UnavailableError
from formicary.domain.log_view import PLAIN_LOG, LogView

PAGE_SIZE = 100
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogPart:
    """A piece of a task's log; `complete` tells that nothing will follow `next_offset`."""

    data: bytes
    next_offset: int
    complete: bool


class ControlPlaneClient:
    """Calls the control plane at `url` with a bearer token."""

    def __init__(self, url: str, token: str, *, timeout_seconds: float = 30.0) -> None:
        """Take the address as `make up` or the stack's output gives it."""
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A proxy for the internet is of no use for a system on this machine.
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout_seconds, connect=5.0), trust_env=not _on_loopback(url)
        )

    def __enter__(self) -> Self:
        """Keep connections open until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- definitions

    def save_definition(self, text: bytes, content_type: str = "application/yaml") -> Json:
        """Upload a definition; `created` is false when that text was in force already."""
        answer = self._call(
            "POST", "/api/jobs/definitions", content=text, headers={"Content-Type": content_type}
        )
        return {"created": answer.status_code == 201, **answer.json()}

    def definitions(self, limit: int) -> list[Json]:
        """Return up to `limit` job types by name."""
        return list(self._records("/api/jobs/definitions", limit, {}))

    def definition(self, definition_id: str) -> Json:
        """Return a definition by job type, or by `<job type>:<version>`."""
        return self._json("GET", f"/api/jobs/definitions/{_part(definition_id)}")

    def definition_text(self, job_type: str, form: str) -> bytes:
        """Return a definition as `yaml` (as it was uploaded), `dot`, `dot.png` or `mermaid`."""
        return self._call("GET", f"/api/jobs/definitions/{_part(job_type)}/{form}").content

    def delete_definition(self, definition_id: str) -> None:
        """Delete a job type; runs that are under way go on."""
        self._call("DELETE", f"/api/jobs/definitions/{_part(definition_id)}")

    def set_concurrency(self, definition_id: str, concurrency: int) -> Json:
        """Let so many runs of a job type go on at once; 0 for any number."""
        path = f"/api/jobs/definitions/{_part(definition_id)}/concurrency"
        return self._json("PUT", path, json={"concurrency": concurrency})

    def set_enabled(self, definition_id: str, *, enabled: bool) -> Json:
        """Take requests of a job type, or refuse them."""
        verb = "enable" if enabled else "disable"
        return self._json("POST", f"/api/jobs/definitions/{_part(definition_id)}/{verb}")

    def limits(self) -> Json:
        """Return how many jobs of the tenant and its users may go on at once."""
        return self._json("GET", "/api/limits")

    def set_limits(self, limits: Mapping[str, Any]) -> Json:
        """Change how many jobs of the tenant and its users may go on at once."""
        return self._json("PUT", "/api/limits", json=dict(limits))

    # -- runs

    def submit(self, request: Mapping[str, Any]) -> Json:
        """Submit a job; `created` is false when a run with that user_key was there already."""
        answer = self._call("POST", "/api/jobs/requests", json=request)
        return {"created": answer.status_code in {201, 202}, **answer.json()}

    def runs(
        self, limit: int, *, job_type: str = "", state: str = "", parent: str = ""
    ) -> list[Json]:
        """Return up to `limit` runs, the newest first; with `parent`, those that it has forked."""
        query = {"job_type": job_type, "job_state": state, "parent_id": parent}
        return list(self._records("/api/jobs/requests", limit, query))

    def run(self, run_id: str) -> Json:
        """Return a run with its execution, tasks, artifacts and contexts."""
        return self._json("GET", f"/api/jobs/requests/{_part(run_id)}")

    def run_graph(self, run_id: str, form: str) -> bytes:
        """Return the graph of a run with its states as `dot`, `dot.png` or `mermaid`."""
        return self._call("GET", f"/api/jobs/requests/{_part(run_id)}/{form}").content

    def history(self, run_id: str, limit: int) -> list[Json]:
        """List what happened to a run, the oldest first."""
        return list(self._records(f"/api/jobs/requests/{_part(run_id)}/history", limit, {}))

    def ask(self, run_id: str, verb: str, **options: str | bool) -> None:
        """Cancel, pause, resume, trigger or restart a run; what is not set is left out."""
        query = {
            name: "true" if value is True else value for name, value in options.items() if value
        }
        self._call("POST", f"/api/jobs/requests/{_part(run_id)}/{verb}", params=query)

    def notifications(self, run_id: str) -> list[Json]:
        """List who was told how a run and its tasks ended, and who could not be told."""
        answer = self._json("GET", f"/api/jobs/requests/{_part(run_id)}/notifications")
        return list(answer["records"])

    def task_log(
        self,
        run_id: str,
        task_type: str,
        *,
        attempt: int = 0,
        offset: int = 0,
        view: LogView = PLAIN_LOG,
    ) -> LogPart:
        """Return the log of a task (of its latest attempt, unless told) from an offset on."""
        query = {"offset": str(offset)} | ({"attempt": str(attempt)} if attempt else {})
        wanted = {"timestamps": view.timestamps, "labels": view.labels}
        query |= {name: "true" for name, on in wanted.items() if on}
        query |= {"stream": view.stream.value} if view.stream else {}
        path = f"/api/jobs/requests/{_part(run_id)}/tasks/{_part(task_type)}/log"
        answer = self._call("GET", path, params=query)
        next_offset = int(answer.headers.get("Formicary-Next-Offset", offset + len(answer.content)))
        complete = answer.headers.get("Formicary-Complete", "true").lower() == "true"
        return LogPart(answer.content, next_offset, complete)

    # -- configs; `owner` is the path of whose they are, such as `/api/users`

    def configs(self, owner: str, limit: int) -> list[Json]:
        """Return up to `limit` configs of an owner by name."""
        return list(self._records(f"{owner}/configs", limit, {}))

    def config(self, owner: str, name: str) -> Json:
        """Return a config."""
        return self._json("GET", f"{owner}/configs/{_part(name)}")

    def set_config(self, owner: str, config: Mapping[str, Any]) -> Json:
        """Add or replace a config; `created` tells which."""
        answer = self._call("POST", f"{owner}/configs", json=config)
        return {"created": answer.status_code == 201, **answer.json()}

    def delete_config(self, owner: str, name: str) -> None:
        """Delete a config."""
        self._call("DELETE", f"{owner}/configs/{_part(name)}")

    # -- error codes

    def error_codes(self, limit: int) -> list[Json]:
        """Return up to `limit` rows of the table of error codes."""
        return list(self._records("/api/errors", limit, {}))

    def add_error_code(self, row: Mapping[str, Any], *, everybody: bool = False) -> Json:
        """Add a row, of the tenant or of everybody."""
        query = {"everybody": "true"} if everybody else {}
        return self._json("POST", "/api/errors", json=row, params=query)

    def delete_error_code(self, rule_id: str) -> None:
        """Delete a row."""
        self._call("DELETE", f"/api/errors/{_part(rule_id)}")

    # -- artifacts

    def artifacts(self, limit: int, **filters: str) -> list[Json]:
        """Return up to `limit` artifacts, the newest first, whose fields equal the filters."""
        return list(self._records("/api/artifacts", limit, filters))

    def artifact(self, artifact_id: str) -> Json:
        """Return the metadata of an artifact."""
        return self._json("GET", f"/api/artifacts/{_part(artifact_id)}")

    def upload_artifact(self, body: BinaryIO, *, name: str, content_type: str) -> Json:
        """Store a file as an artifact of the user and return its metadata."""
        return self._json(
            "POST",
            "/api/artifacts",
            params={"name": name},
            content=body.read(),
            headers={"Content-Type": content_type},
        )

    @contextmanager
    def download_artifact(self, artifact_id: str) -> Iterator[Iterator[bytes]]:
        """Open the content of an artifact as a stream of pieces."""
        url = f"{self.url}/api/artifacts/{_part(artifact_id)}/download"
        with _unreachable(self.url):
            answer = self._http.get(url, headers=self._headers)
            if answer.next_request is None:
                _raise_for(answer)
                yield iter([answer.content])
                return
            # The object store is somebody else: the token is not for it.
            elsewhere = str(answer.next_request.url)
            with self._http.stream("GET", elsewhere, follow_redirects=True) as stream:
                if not stream.is_success:
                    stream.read()
                    _raise_for(stream)
                yield stream.iter_bytes(65536)

    # -- ants and the system

    def ants(self) -> list[Json]:
        """Return all ants."""
        return list(self._records("/api/ants", 10_000, {}))

    def ant(self, ant_id: str) -> Json:
        """Return an ant."""
        return self._json("GET", f"/api/ants/{_part(ant_id)}")

    def drain_ant(self, ant_id: str) -> Json:
        """Ask an ant to go."""
        return self._json("POST", f"/api/ants/{_part(ant_id)}/drain")

    def health(self) -> Json:
        """Return how the control plane is."""
        return self._json("GET", "/api/health")

    def _records(self, path: str, limit: int, query: Mapping[str, str]) -> Iterator[Json]:
        wanted = {key: value for key, value in query.items() if value}
        wanted["page_size"] = str(min(PAGE_SIZE, limit))
        sent = 0
        while True:
            answer = self._json("GET", path, params=wanted)
            for record in answer.get("records", [])[: limit - sent]:
                sent += 1
                yield record
            if sent >= limit or not answer.get("next_token"):
                return
            wanted["token"] = answer["next_token"]

    def _json(self, method: str, path: str, **options: Any) -> Json:
        answer: Json = self._call(method, path, **options).json()
        return answer

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self._headers, **options.pop("headers", {})}
        with _unreachable(self.url):
            answer = self._http.request(method, self.url + path, headers=headers, **options)
        _raise_for(answer)
        return answer


def _part(text: str) -> str:
    return quote(text, safe=":")


def _raise_for(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise error_from(answer.status_code, answer.content)


@contextmanager
def _unreachable(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise UnavailableError(f"No answer from {url}: {reason}", reachable=False) from error


def _on_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
