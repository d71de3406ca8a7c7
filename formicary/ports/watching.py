"""Ways to keep who watches runs, and to call for them to be told."""

from collections.abc import Collection, Sequence
from typing import Protocol

from formicary.domain.watching import Watcher


class WatcherRepository(Protocol):
    """Connections that watch runs; forgotten some hours after they began."""

    def list(self, tenant: str) -> Sequence[Watcher]:
        """Return the watchers of a tenant by connection."""

    def put(self, tenant: str, watcher: Watcher) -> None:
        """Store a watcher anew, in the place of what its connection watched before."""

    def save(self, tenant: str, watcher: Watcher) -> None:
        """Store how far it has been told, as the version after its own.

        ConcurrentUpdateError when somebody else has done so, or it watches no more.
        """

    def remove(self, tenant: str, connection_id: str) -> None:
        """Forget what a connection watches, if anything."""


class WatchBell(Protocol):
    """Calls for the watchers of runs to be told what is new."""

    def ring(self, tenant: str, request_ids: Collection[str]) -> None:
        """Return at once; they are told a moment later."""
