"""DOCKER: a main container for the scripts, services beside it on a network of their own."""

import threading
from typing import Any

from ant_agent.executors.base import ExecutorHost, ExecutorUnavailableError, TaskContext
from ant_agent.executors.containers.labels import ANT, label_value, labels_of, new_name
from ant_agent.executors.docker.cleaning import remove
from ant_agent.executors.docker.engine import FAULTS, connect
from ant_agent.executors.docker.session import DockerSession
from ant_agent.executors.docker.specification import Naming


class DockerExecutor:
    """Runs tasks on one engine, this host's or another's."""

    on_host = False

    def __init__(self, host: ExecutorHost) -> None:
        self._settings = host.settings
        self._connected: Any = None
        self._lock = threading.Lock()
        self._live: set[str] = set()

    def check(self) -> None:
        """Raise ExecutorUnavailableError when no engine answers."""
        try:
            self._client().ping()
        except FAULTS as error:
            raise ExecutorUnavailableError(
                f"DOCKER needs an engine, and none answers ({error}): start it, say where it is"
                " with --docker-host or DOCKER_HOST, or take DOCKER out of the ant's methods"
            ) from error

    def open(self, task: TaskContext) -> DockerSession:
        """Take an attempt."""
        name = new_name(task.request)
        naming = Naming(name, labels_of(task.request, self._settings.id, name))
        self._live.add(name)
        return DockerSession(
            self._client(), self._settings, task, naming, lambda: self._live.discard(name)
        )

    def reap(self) -> None:
        """Remove what no attempt that runs now owns."""
        label = f"{ANT}={label_value(self._settings.id)}"
        # The set itself: an attempt may begin while the engine is asked.
        remove(self._client(), label, keep=self._live)

    def close(self) -> None:
        """Let go of the engine."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()
                self._connected = None

    def _client(self) -> Any:
        with self._lock:
            if self._connected is None:
                self._connected = connect(self._settings)
            return self._connected
