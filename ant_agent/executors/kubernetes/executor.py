"""KUBERNETES: one pod an attempt, with the scripts, a helper where files move, and services."""

import logging
import threading

from ant_agent.executors.base import ExecutorHost, ExecutorUnavailableError, TaskContext
from ant_agent.executors.containers.labels import ANT, TASK, label_value, labels_of, new_name
from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster, words_of
from ant_agent.executors.kubernetes.session import KubernetesSession

_log = logging.getLogger(__name__)


class KubernetesExecutor:
    """Runs tasks in one namespace of one cluster."""

    on_host = False

    def __init__(self, host: ExecutorHost) -> None:
        self._settings = host.settings
        self._connected: Cluster | None = None
        self._lock = threading.Lock()
        self._live: set[str] = set()

    def check(self) -> None:
        """Raise ExecutorUnavailableError when no cluster answers, or it refuses this ant."""
        try:
            self._cluster().check()
        except FAULTS as error:
            raise ExecutorUnavailableError(
                f"KUBERNETES needs a cluster: {words_of(error)}; say which with KUBECONFIG,"
                " --kube-context and --kube-namespace, or take KUBERNETES out of the ant's methods"
            ) from error

    def open(self, task: TaskContext) -> KubernetesSession:
        """Take an attempt."""
        name = new_name(task.request)
        labels = dict(labels_of(task.request, self._settings.id, name))
        self._live.add(name)
        return KubernetesSession(
            self._cluster(),
            self._settings,
            task,
            name=name,
            labels=labels,
            ended=lambda: self._live.discard(name),
        )

    def reap(self) -> None:
        """Delete pods and secrets that no attempt that runs now owns."""
        cluster = self._cluster()
        selector = f"{ANT}={label_value(self._settings.id)}"
        for kind, name, labels in cluster.labelled(selector):
            # Looked up now: an attempt may have begun while the cluster was asked.
            if labels.get(TASK) not in self._live:
                _log.warning("deleting an orphan", extra={"kind": kind, "orphan": name})
                cluster.delete(kind, name)

    def close(self) -> None:
        """Let go of the cluster."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()
                self._connected = None

    def _cluster(self) -> Cluster:
        with self._lock:
            if self._connected is None:
                self._connected = Cluster(self._settings)
            return self._connected
