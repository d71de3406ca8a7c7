"""Ants, queues and cancel wishes in memory."""

import builtins
import threading
from collections.abc import Sequence
from datetime import datetime

from formicary.adapters.repeats import beaten
from formicary.domain.ant import AntRegistration, QueueDirective, TaskInFlight
from formicary.domain.routing_key import RoutingKey
from formicary.ports import Clock


class InMemoryAntRepository:
    """AntRepository on dicts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._ants: dict[str, dict[str, AntRegistration]] = {}
        self._queues: dict[str, dict[str, str]] = {}
        self._cancels: dict[str, dict[str, datetime]] = {}

    def register(self, tenant: str, ant: AntRegistration) -> None:
        """Store an ant that has started."""
        with self._lock:
            self._ants.setdefault(tenant, {})[ant.ant_id] = ant.model_copy(deep=True)

    def find(self, tenant: str, ant_id: str) -> AntRegistration | None:
        """Return an ant."""
        with self._lock:
            ant = self._ants.get(tenant, {}).get(ant_id)
            return ant.model_copy(deep=True) if ant else None

    def list(self, tenant: str) -> Sequence[AntRegistration]:
        """Return the ants by id."""
        with self._lock:
            ants = self._ants.get(tenant, {})
            return [ants[ant_id].model_copy(deep=True) for ant_id in sorted(ants)]

    def heartbeat(
        self, tenant: str, ant: AntRegistration
    ) -> tuple[AntRegistration, Sequence[TaskInFlight]] | None:
        """Store what changes from beat to beat; return the whole and what was in flight before."""
        with self._lock:
            before = self.find(tenant, ant.ant_id)
            if before is None:
                return None
            after = beaten(before, ant)
            self.register(tenant, after)
            return after, before.in_flight

    def drain(self, tenant: str, ant_id: str) -> bool:
        """Remember that an ant shall drain; False for an unknown one."""
        with self._lock:
            ant = self.find(tenant, ant_id)
            if ant is not None:
                self.register(tenant, ant.model_copy(update={"draining": True}))
            return ant is not None

    def put_queue(self, tenant: str, key: RoutingKey, queue_url: str) -> None:
        """Remember the queue of a routing key."""
        with self._lock:
            self._queues.setdefault(tenant, {})[str(key)] = queue_url

    def queues(self, tenant: str) -> Sequence[QueueDirective]:
        """Return all queues of the tenant by routing key."""
        with self._lock:
            return [
                QueueDirective(routing_key=key, queue_url=url)
                for key, url in sorted(self._queues.get(tenant, {}).items())
            ]

    def put_cancel(self, tenant: str, task_key: str, expires_at: datetime) -> None:
        """Remember that an attempt shall be ended."""
        with self._lock:
            wishes = self._cancels.setdefault(tenant, {})
            wishes[task_key] = max(expires_at, wishes.get(task_key, expires_at))

    def cancels(self, tenant: str) -> Sequence[str]:
        """Return the task keys whose wish has not expired, sorted."""
        now = self._clock.now()
        with self._lock:
            wishes = self._cancels.get(tenant, {})
            live: builtins.list[str] = [key for key, until in wishes.items() if until > now]
            return sorted(live)
