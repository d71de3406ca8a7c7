"""Looks after a pod until it runs, and knows when there is no use in waiting."""

import time
from collections.abc import Callable
from typing import Any

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.base import ExecutorError
from ant_agent.executors.kubernetes import trouble
from ant_agent.executors.kubernetes.cluster import Cluster
from formicary.domain.states import ErrorCode

_EVENTS_SECONDS = 3.0


class PodWatch:
    """Asks again and again whether a pod runs."""

    def __init__(
        self, cluster: Cluster, settings: ContainerSettings, name: str, say: Callable[[str], None]
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._name = name
        self._say = say
        self._told = ""
        self._since = time.monotonic()
        self._events_at = self._since + _EVENTS_SECONDS
        self._placed_at: float | None = None

    def running(self, containers: list[str]) -> bool | None:
        """Whether all run; raises ExecutorError when they never will."""
        pod = self._cluster.pod(self._name)
        found = trouble.trouble(pod)
        if found is not None:
            self._weigh(found)
        elif trouble.all_running(pod, containers):
            return True
        elif (pod.get("spec") or {}).get("nodeName"):
            self._look_at_a_placed_pod()
        return None

    def too_late(self) -> ExecutorError:
        """Tell what it was busy with when the time was up."""
        events: list[dict[str, Any]] = self._cluster.events_of(self._name)
        code = ErrorCode.IMAGE_PULL if trouble.pulls(events) else ErrorCode.CONTAINER
        return ExecutorError(
            code,
            f"the pod did not begin within {self._settings.pull_seconds:g} s"
            f" (FORMICARY_ANT_PULL_SECONDS); the cluster says: {trouble.last_words(events)}",
        )

    def _weigh(self, found: trouble.Trouble) -> None:
        patience = self._settings.schedule_seconds
        if not found.may_pass:
            raise ExecutorError(found.code, found.words)
        if time.monotonic() - self._since > patience:
            raise ExecutorError(
                found.code, f"{found.words} (after {patience:g} s, FORMICARY_ANT_SCHEDULE_SECONDS)"
            )
        if found.words != self._told:
            self._told = found.words
            self._say(f"[waiting: {found.words}]")

    def _look_at_a_placed_pod(self) -> None:
        now = time.monotonic()
        self._placed_at = self._placed_at or now
        if now - self._placed_at > self._settings.pull_seconds:
            raise self.too_late()
        if now > self._events_at:
            self._events_at = now + _EVENTS_SECONDS
            missing = trouble.mount_trouble(self._cluster.events_of(self._name))
            if missing is not None:
                raise ExecutorError(missing.code, missing.words)
