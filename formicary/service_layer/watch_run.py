"""Beginning to watch a run, and learning which runs of a tenant are watched."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from formicary.domain.errors import NotAuthorizedError, NotFoundError
from formicary.domain.records import Principal
from formicary.domain.watching import Watcher, WatchRequest
from formicary.ports import Clock, RunRepository, WatchBell, WatcherRepository

# How long it may take until ants and changes of state heed a new watcher.
KNOWN_FOR = timedelta(seconds=1)
_WATCHING_ROLE = "admin"


class KnownWatchers:
    """The watched runs of tenants, read at most every second: nobody watches most of the time."""

    def __init__(self, watchers: WatcherRepository, clock: Clock) -> None:
        """Read what is not known from `watchers`."""
        self._watchers = watchers
        self._clock = clock
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}

    def among(self, tenant: str, request_ids: Collection[str]) -> set[str]:
        """Return which of these runs somebody watches."""
        if not request_ids:
            return set()
        now = self._clock.now()
        known = self._known.get(tenant)
        if known is None or now - known[0] >= KNOWN_FOR:
            watched = frozenset(watcher.request_id for watcher in self._watchers.list(tenant))
            known = self._known[tenant] = (now, watched)
        return set(known[1].intersection(request_ids))


@dataclass(frozen=True, slots=True)
class WatchRoom:
    """Where it is known which runs are watched."""

    watched: KnownWatchers
    bell: WatchBell

    def ring(self, tenant: str, request_ids: Collection[str]) -> bool:
        """Have those told who watch one of these runs; return whether there is any."""
        found = self.watched.among(tenant, request_ids)
        if found:
            self.bell.ring(tenant, found)
        return bool(found)


@dataclass(frozen=True, slots=True)
class WatchPost:
    """Where clients of websockets begin and end to watch."""

    watchers: WatcherRepository
    runs: RunRepository
    bell: WatchBell
    clock: Clock

    def watch(self, caller: Principal, connection_id: str, request: WatchRequest) -> None:
        """Let a connection watch a run; it is told at once how the run stands.

        NotFoundError when the tenant has no such run, NotAuthorizedError for the token of an ant.
        """
        if caller.role != _WATCHING_ROLE:
            raise NotAuthorizedError(f"A token of the role {caller.role!r} may not watch runs.")
        if self.runs.find(caller.tenant, request.job_request_id) is None:
            raise NotFoundError(f"There is no job request {request.job_request_id!r}.")
        watcher = Watcher(
            connection_id=connection_id,
            request_id=request.job_request_id,
            task_type=request.task_type,
            since=self.clock.now(),
        )
        self.watchers.put(caller.tenant, watcher)
        self.bell.ring(caller.tenant, [request.job_request_id])

    def leave(self, caller: Principal, connection_id: str) -> None:
        """Forget a connection that has ended."""
        self.watchers.remove(caller.tenant, connection_id)
