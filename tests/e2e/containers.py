"""What tests see of the engines that tasks in containers run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ant_agent.executors.containers.labels import ANT
from tests.e2e.api import eventually

if TYPE_CHECKING:
    from ant_agent.executors.kubernetes.cluster import Cluster


class Place:
    """One engine, and the method of the tasks that run there."""

    method: ClassVar[str]

    @property
    def name(self) -> str:
        """The method as part of a name."""
        return self.method.lower()

    def of_run(self, request_id: str) -> list[str]:
        """Name all that a request has there."""
        return self._labelled(f"JobRequestID={request_id}")

    def of_ant(self, ant_id: str) -> list[str]:
        """Name all that an ant has there."""
        return self._labelled(f"{ANT}={ant_id}")

    def has_none_of(self, request_id: str) -> bool:
        """Whether all of a request goes away."""
        return eventually(lambda: not self.of_run(request_id))

    def _labelled(self, label: str) -> list[str]:
        raise NotImplementedError


class DockerPlace(Place):
    """Containers, networks and volumes."""

    method = "DOCKER"

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def _labelled(self, label: str) -> list[str]:
        which = {"label": label}
        # Only names: what is being removed cannot be looked at any more.
        return [
            *(item["Names"][0] for item in self._engine.api.containers(all=True, filters=which)),
            *(item["Name"] for item in self._engine.api.networks(filters=which)),
            *(item["Name"] for item in self._engine.api.volumes(filters=which)["Volumes"] or ()),
        ]


class KubernetesPlace(Place):
    """Pods and secrets."""

    method = "KUBERNETES"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def _labelled(self, label: str) -> list[str]:
        return [name for _, name, _ in self._cluster.labelled(label)]
