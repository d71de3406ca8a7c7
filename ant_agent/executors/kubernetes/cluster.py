"""The cluster: how it is reached, what is asked of it, and its faults in words."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import config as untyped_config
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.stream import ws_client as untyped_ws_client

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.base import ExecutorError
from formicary.domain.states import ErrorCode

_config: Any = untyped_config
_ws_client: Any = untyped_ws_client
FAULTS = (ApiException, ConfigException, urllib3.exceptions.HTTPError, OSError)
_CALL_SECONDS = 30
_OK, _REDIRECTED, _FORBIDDEN, _NOT_FOUND = 200, 300, 403, 404
_Query = Sequence[tuple[str, object]]
_SERVICE_ACCOUNT_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


class Cluster:
    """Plain documents in and out, over the client's transport alone.

    Its generated API would load hundreds of models, 80 MB that an ant holds for nothing.
    """

    def __init__(self, settings: ContainerSettings) -> None:
        """Read how to reach it; nothing is sent yet. Raises ConfigException."""
        self._configuration = Configuration()
        self.namespace = _load(settings, self._configuration)
        self.namespace = settings.kube_namespace or self.namespace
        self.api: Any = ApiClient(self._configuration)

    def check(self) -> None:
        """Ask for pods, which is what is needed first."""
        self._json("GET", "pods", query=[("limit", 1)])

    def create_pod(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Create a pod."""
        return self._json("POST", "pods", body=manifest)

    def create_secret(self, manifest: dict[str, Any]) -> None:
        """Create a secret."""
        self._json("POST", "secrets", body=manifest)

    def pod(self, name: str) -> dict[str, Any]:
        """Return a pod."""
        return self._json("GET", "pods", name)

    def events_of(self, name: str) -> list[dict[str, Any]]:
        """Return what happened to a pod, the latest last."""
        query = [("fieldSelector", f"involvedObject.name={name}")]
        found = self._json("GET", "events", query=query)["items"]
        return sorted(found, key=lambda event: event.get("lastTimestamp") or "")

    def log(self, name: str, container: str, silence_seconds: float | None) -> Any:
        """Return the response that follows the output of a container from its beginning.

        It breaks off with a ReadTimeoutError after a silence of that length, if one is given.
        """
        timeout = (_CALL_SECONDS, silence_seconds) if silence_seconds else None
        query = [("container", container), ("follow", True)]
        return self._send("GET", "pods", name, "log", query=query, timeout=timeout)

    def log_so_far(self, name: str, container: str, size: int | None = None) -> Any:
        """Return the response with the output of a container; up to a size, if one is given."""
        limit = [("limitBytes", size)] if size is not None else []
        query = [("container", container), *limit]
        return self._send("GET", "pods", name, "log", query=query)

    def last_lines(self, name: str, container: str, lines: int) -> str:
        """Return the end of a container's output."""
        query = [("container", container), ("tailLines", lines)]
        response = self._send("GET", "pods", name, "log", query=query)
        return bytes(response.data).decode(errors="replace").strip()

    def exec(self, name: str, container: str, command: list[str], *, reads: bool) -> Any:
        """Return the connection to a command that begins in a container."""
        streams = [("stdin", reads), ("stdout", True), ("stderr", True), ("tty", False)]
        query = [*(("command", word) for word in command), ("container", container), *streams]
        method, url, headers, *_ = self._request("GET", "pods", name, "exec", query=query)
        return _ws_client.websocket_call(
            self._configuration, method, url, headers=headers, binary=True, _preload_content=False
        )

    def labelled(self, selector: str) -> list[tuple[str, str, dict[str, str]]]:
        """Return kind, name and labels of the pods and secrets that a selector finds."""
        found: list[tuple[str, str, dict[str, str]]] = []
        for kind in ("pod", "secret"):
            query = [("labelSelector", selector)]
            for item in self._json("GET", f"{kind}s", query=query)["items"]:
                metadata = item["metadata"]
                if "deletionTimestamp" not in metadata:
                    found.append((kind, metadata["name"], metadata.get("labels") or {}))
        return found

    def delete(self, kind: str, name: str) -> None:
        """Delete a pod or a secret; one that is gone already is no fault."""
        query = [("gracePeriodSeconds", 1)] if kind == "pod" else []
        try:
            self._json("DELETE", f"{kind}s", name, query=query)
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise

    def close(self) -> None:
        """Let go of connections."""
        self.api.close()

    def _json(
        self, method: str, *path: str, query: _Query = (), body: Any = None
    ) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self._send(method, *path, query=query, body=body).data)
        return read

    def _send(
        self,
        method: str,
        *path: str,
        query: _Query = (),
        body: Any = None,
        timeout: Any = _CALL_SECONDS,
    ) -> Any:
        """Return the response, its body still to be read; raises ApiException for a refusal."""
        request = self._request(method, *path, query=query, body=body)
        answer = self.api.call_api(*request, _request_timeout=timeout)
        if not _OK <= answer.status < _REDIRECTED:
            answer.read()
            raise ApiException(http_resp=answer)
        return answer.response

    def _request(self, method: str, *path: str, query: _Query = (), body: Any = None) -> Any:
        """Return method, URL, headers and body, with whatever shows who asks."""
        names = {f"part{number}": part for number, part in enumerate(path)}
        return self.api.param_serialize(
            method=method,
            resource_path="/".join(
                ["/api/v1/namespaces/{namespace}", *map("{{{}}}".format, names)]
            ),
            path_params={"namespace": self.namespace, **names},
            query_params=list(query),
            header_params={"Accept": "*/*", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )


@contextlib.contextmanager
def telling(action: str, code: ErrorCode = ErrorCode.CONTAINER) -> Iterator[None]:
    """Turn the cluster's faults into the end of the attempt, in words."""
    try:
        yield
    except FAULTS as error:
        raise ExecutorError(code, f"{action}: {words_of(error)}") from error


def words_of(error: Exception) -> str:
    """Return what a cluster says, with a mend where one is known."""
    if not isinstance(error, ApiException) or not error.body:
        return f"the cluster does not answer ({error}): see that it runs and is reached"
    try:
        said = str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        said = f"{error.status} {error.reason}"
    if error.status == _FORBIDDEN:
        return f"{said}: give the ant's account that right (docs/executors.md lists them all)"
    return said


def _load(settings: ContainerSettings, configuration: Any) -> str:
    """Fill in how to reach the cluster; return the namespace that comes with it."""
    if not settings.kubeconfig and Path(_SERVICE_ACCOUNT_NAMESPACE).exists():
        _config.load_incluster_config(client_configuration=configuration)
        return Path(_SERVICE_ACCOUNT_NAMESPACE).read_text().strip()
    file, context = settings.kubeconfig or None, settings.kube_context or None
    _config.load_kube_config(config_file=file, context=context, client_configuration=configuration)
    contexts, current = _config.list_kube_config_contexts(config_file=file)
    chosen = next((one for one in contexts if one["name"] == context), current)
    return str(chosen["context"].get("namespace") or "default")
