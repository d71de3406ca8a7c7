"""Watchers of runs in memory, and a bell that notes who rang."""

import builtins
import threading
from collections.abc import Collection, Sequence

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.watching import Watcher


class InMemoryWatchers:
    """WatcherRepository on a dict."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._watchers: dict[tuple[str, str], Watcher] = {}

    def list(self, tenant: str) -> Sequence[Watcher]:
        """Return the watchers of a tenant."""
        with self._lock:
            return [self._watchers[key] for key in sorted(self._watchers) if key[0] == tenant]

    def put(self, tenant: str, watcher: Watcher) -> None:
        """Store a watcher anew."""
        with self._lock:
            self._watchers[tenant, watcher.connection_id] = watcher.having(version=1)

    def save(self, tenant: str, watcher: Watcher) -> None:
        """Store it on the condition of its version."""
        key = (tenant, watcher.connection_id)
        with self._lock:
            stored = self._watchers.get(key)
            if stored is None or stored.version != watcher.version:
                raise ConcurrentUpdateError
            self._watchers[key] = watcher.having(version=watcher.version + 1)

    def remove(self, tenant: str, connection_id: str) -> None:
        """Forget a watcher."""
        with self._lock:
            self._watchers.pop((tenant, connection_id), None)


class InMemoryBell:
    """WatchBell that keeps what was rung for, until somebody takes it."""

    def __init__(self) -> None:
        self._rung: builtins.list[tuple[str, str]] = []

    def ring(self, tenant: str, request_ids: Collection[str]) -> None:
        """Note it."""
        self._rung += [(tenant, request_id) for request_id in sorted(request_ids)]

    def taken(self) -> Sequence[tuple[str, str]]:
        """Return tenants and runs that were rung for since, each once."""
        rung, self._rung = self._rung, []
        return list(dict.fromkeys(rung))
