"""Websocket ants and the tasks that wait for them in memory, and the other end of their sockets."""

import builtins
import threading
from collections.abc import Sequence

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.routing_key import RoutingKey
from formicary.domain.socket_ant import SocketAnt, SocketTask


class InMemorySocketAnts:
    """SocketAntRepository on dicts."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ants: dict[tuple[str, str], SocketAnt] = {}
        self._connections: dict[tuple[str, str], str] = {}
        self._waiting: dict[tuple[str, str, str, str], SocketTask] = {}

    def find(self, tenant: str, ant_id: str) -> SocketAnt | None:
        """Return an ant."""
        return self._ants.get((tenant, ant_id))

    def list(self, tenant: str) -> Sequence[SocketAnt]:
        """Return the ants by id."""
        with self._lock:
            return [self._ants[key] for key in sorted(self._ants) if key[0] == tenant]

    def save(self, tenant: str, ant: SocketAnt) -> SocketAnt:
        """Store it on the condition of its version."""
        with self._lock:
            stored = self._ants.get((tenant, ant.ant_id))
            if (stored.version if stored else 0) != ant.version:
                raise ConcurrentUpdateError
            saved = ant.having(version=ant.version + 1)
            self._ants[tenant, ant.ant_id] = saved
            return saved

    def put_connection(self, tenant: str, connection_id: str, ant_id: str) -> None:
        """Remember who speaks over a connection."""
        self._connections[tenant, connection_id] = ant_id

    def find_connection(self, tenant: str, connection_id: str) -> str | None:
        """Return who registered over a connection."""
        return self._connections.get((tenant, connection_id))

    def put_waiting(self, tenant: str, task: SocketTask) -> None:
        """Let a task wait; doing it again changes nothing."""
        with self._lock:
            self._waiting.setdefault(_task_key(tenant, task), task)

    def waiting(self, tenant: str, key: RoutingKey, limit: int) -> Sequence[SocketTask]:
        """Return the first tasks that wait, those of the oldest runs first."""
        with self._lock:
            found: builtins.list[SocketTask] = [
                self._waiting[name]
                for name in sorted(self._waiting)
                if name[:2] == (tenant, str(key))
            ]
            return found[:limit]

    def forget_waiting(self, tenant: str, task: SocketTask) -> None:
        """Take a task out of those that wait."""
        with self._lock:
            self._waiting.pop(_task_key(tenant, task), None)

    def take(self, tenant: str, ant: SocketAnt, task: SocketTask) -> SocketAnt:
        """Give a waiting task to an ant, all or nothing."""
        with self._lock:
            if _task_key(tenant, task) not in self._waiting:
                raise ConcurrentUpdateError
            busy = self.save(tenant, ant.having(task=task))
            del self._waiting[_task_key(tenant, task)]
            return busy


class InMemorySocketGateway:
    """SocketGateway that keeps what was sent; `gone` holds the connections that are closed."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.gone: set[str] = set()

    def push(self, connection_id: str, text: str) -> bool:
        """Send a message; False when the connection is gone."""
        if connection_id in self.gone:
            return False
        self.sent.append((connection_id, text))
        return True

    def is_open(self, connection_id: str) -> bool:
        """Whether the connection is there."""
        return connection_id not in self.gone


def _task_key(tenant: str, task: SocketTask) -> tuple[str, str, str, str]:
    return tenant, task.routing_key, task.request_id, task.key
