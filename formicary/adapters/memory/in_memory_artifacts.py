"""The artifact part of the run repository in memory."""

import threading
from collections.abc import Mapping, Sequence

from formicary.adapters.paging import checked_artifact_filters, scope_of, slice_page
from formicary.domain.artifact import Artifact
from formicary.domain.records import Page


class InMemoryArtifacts:
    """Metadata of artifacts, by tenant and id."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._artifacts: dict[str, dict[str, Artifact]] = {}

    def put_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Store the metadata of an artifact."""
        with self._lock:
            self._artifacts.setdefault(tenant, {})[artifact.id] = artifact

    def delete_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Forget the metadata of an artifact."""
        with self._lock:
            self._artifacts.get(tenant, {}).pop(artifact.id, None)

    def find_artifact(self, tenant: str, artifact_id: str) -> Artifact | None:
        """Return an artifact by id."""
        with self._lock:
            return self._artifacts.get(tenant, {}).get(artifact_id)

    def artifacts_of_run(self, tenant: str, request_id: str) -> Sequence[Artifact]:
        """Return the artifacts of a run in the order of their ids."""
        return [a for a in self._by_id(tenant) if a.job_request_id == request_id]

    def list_artifacts(
        self,
        tenant: str,
        *,
        filters: Mapping[str, str],
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Artifact]:
        """List artifacts, the newest first."""
        wanted = checked_artifact_filters(filters)
        found = [
            artifact
            for artifact in reversed(self._by_id(tenant))
            if all(getattr(artifact, name) == value for name, value in wanted.items())
        ]
        return slice_page(
            found,
            scope=scope_of("artifacts", tenant, {k: (v,) for k, v in wanted.items()}),
            sort_key=lambda artifact: artifact.id,
            offset=offset,
            limit=limit,
            token=token,
            descending=True,
        )

    def _by_id(self, tenant: str) -> list[Artifact]:
        with self._lock:
            stored = self._artifacts.get(tenant, {})
            return [stored[artifact_id] for artifact_id in sorted(stored)]
