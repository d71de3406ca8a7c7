"""Artifacts and logs, and pictures."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from formicary.domain.drawn_graph import DrawnGraph


class ObjectStore(Protocol):
    """Artifacts and logs: keys are relative to the bucket."""

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Store an object, with what is noted of it."""

    def get(self, key: str) -> bytes | None:
        """Return an object, None when there is none."""

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return what was noted of an object that there is."""

    def list_keys(self, prefix: str) -> Sequence[str]:
        """Return the keys below a prefix, sorted."""

    def presigned_get(self, key: str, expires_seconds: int, filename: str | None = None) -> str:
        """Return a URL that anybody may read the object with for a while."""


class GraphPainter(Protocol):
    """Draws pictures of graphs."""

    def paint(self, graph: DrawnGraph) -> bytes:
        """Return a graph as PNG."""
