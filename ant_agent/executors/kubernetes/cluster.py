"""The cluster: how it is reached, what is asked of it, and its faults in words."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client
from kubernetes import config as untyped_config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.base import ExecutorError
from formicary.domain.states import ErrorCode

_config: Any = untyped_config
FAULTS = (ApiException, ConfigException, urllib3.exceptions.HTTPError, OSError)
_CALL_SECONDS = 30
_NOT_FOUND, _FORBIDDEN = 404, 403
# Answers as they came: making the client's models of them takes time and memory.
_PLAIN: dict[str, Any] = {"_preload_content": False, "_request_timeout": _CALL_SECONDS}
_SERVICE_ACCOUNT_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


class Cluster:
    """Plain documents in and out; the client's thousands of models are of no use here."""

    def __init__(self, settings: ContainerSettings) -> None:
        """Read how to reach it; nothing is sent yet. Raises ConfigException."""
        self._configuration = client.Configuration()
        self.namespace = _load(settings, self._configuration)
        self.namespace = settings.kube_namespace or self.namespace
        self._api: Any = client.ApiClient(self._configuration)
        self._core: Any = client.CoreV1Api(self._api)

    def check(self) -> None:
        """Ask for pods, which is what is needed first."""
        self._core.list_namespaced_pod(self.namespace, limit=1, **_PLAIN)

    def create_pod(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Create a pod."""
        return _json(self._core.create_namespaced_pod(self.namespace, manifest, **_PLAIN))

    def create_secret(self, manifest: dict[str, Any]) -> None:
        """Create a secret."""
        self._core.create_namespaced_secret(self.namespace, manifest, **_PLAIN)

    def pod(self, name: str) -> dict[str, Any]:
        """Return a pod."""
        return _json(self._core.read_namespaced_pod(name, self.namespace, **_PLAIN))

    def events_of(self, name: str) -> list[dict[str, Any]]:
        """Return what happened to a pod, the latest last."""
        found = self._core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={name}", **_PLAIN
        )
        return sorted(_json(found)["items"], key=lambda event: event.get("lastTimestamp") or "")

    def log(self, name: str, container: str, silence_seconds: float | None) -> Any:
        """Return the response that follows the output of a container from its beginning.

        It breaks off with a ReadTimeoutError after a silence of that length, if one is given.
        """
        silence = {"_request_timeout": (_CALL_SECONDS, silence_seconds)} if silence_seconds else {}
        return self._core.read_namespaced_pod_log(
            name,
            self.namespace,
            container=container,
            follow=True,
            _preload_content=False,
            **silence,
        )

    def last_lines(self, name: str, container: str, lines: int) -> str:
        """Return the end of a container's output."""
        response = self._core.read_namespaced_pod_log(
            name, self.namespace, container=container, tail_lines=lines, **_PLAIN
        )
        return bytes(response.data).decode(errors="replace").strip()

    def new_api(self) -> Any:
        """Return an API of its own: an exec upsets all other calls of the one it goes through."""
        return client.CoreV1Api(client.ApiClient(self._configuration))

    def labelled(self, selector: str) -> list[tuple[str, str, dict[str, str]]]:
        """Return kind, name and labels of the pods and secrets that a selector finds."""
        found: list[tuple[str, str, dict[str, str]]] = []
        for kind, ask in (
            ("pod", self._core.list_namespaced_pod),
            ("secret", self._core.list_namespaced_secret),
        ):
            for item in _json(ask(self.namespace, label_selector=selector, **_PLAIN))["items"]:
                metadata = item["metadata"]
                if "deletionTimestamp" not in metadata:
                    found.append((kind, metadata["name"], metadata.get("labels") or {}))
        return found

    def delete(self, kind: str, name: str) -> None:
        """Delete a pod or a secret; one that is gone already is no fault."""
        try:
            if kind == "pod":
                self._core.delete_namespaced_pod(
                    name, self.namespace, grace_period_seconds=1, **_PLAIN
                )
            else:
                self._core.delete_namespaced_secret(name, self.namespace, **_PLAIN)
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise

    def close(self) -> None:
        """Let go of connections."""
        self._api.rest_client.pool_manager.clear()
        self._api.close()


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


def _json(response: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(response.data)
    return read
