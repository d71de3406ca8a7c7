"""Ants, their tokens and rights, and those that come over a websocket."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from formicary.domain.ant import (
    AntRegistration,
    AttemptAnswer,
    AttemptQuestion,
    AwsCredentials,
    QueueDirective,
    TaskInFlight,
)
from formicary.domain.records import Principal
from formicary.domain.routing_key import RoutingKey
from formicary.domain.socket_ant import SocketAnt, SocketTask


class AntRepository(Protocol):
    """Ants, the queues that exist, and cancel wishes."""

    def register(self, tenant: str, ant: AntRegistration) -> None:
        """Store an ant that has started (or started again)."""

    def find(self, tenant: str, ant_id: str) -> AntRegistration | None:
        """Return an ant."""

    def list(self, tenant: str) -> Sequence[AntRegistration]:
        """Return the ants by id."""

    def heartbeat(
        self, tenant: str, ant: AntRegistration
    ) -> tuple[AntRegistration, Sequence[TaskInFlight]] | None:
        """Store load, tasks in flight and time of an ant in one write.

        Return the registration and what was in flight before; None for an unknown ant.
        """

    def drain(self, tenant: str, ant_id: str) -> bool:
        """Remember that an ant shall drain, until it registers again; False for an unknown one."""

    def put_queue(self, tenant: str, key: RoutingKey, queue_url: str) -> None:
        """Remember the queue of a routing key."""

    def queues(self, tenant: str) -> Sequence[QueueDirective]:
        """Return all queues of the tenant."""

    def put_cancel(self, tenant: str, task_key: str, expires_at: datetime) -> None:
        """Remember that an attempt shall be ended; forgotten some time after `expires_at`."""

    def cancels(self, tenant: str) -> Sequence[str]:
        """Return the task keys that shall be ended."""


class AttemptDesk(Protocol):
    """Answers who carries out an attempt and holds its proof."""

    def ask(self, question: AttemptQuestion) -> AttemptAnswer:
        """Return whether the attempt is wanted, with the secrets asked for; ForgedEventError."""


class TokenRepository(Protocol):
    """Bearer tokens, stored by their hash."""

    def find(self, token_sha256: str) -> Principal | None:
        """Return whose token it is."""

    def put(self, token_sha256: str, principal: Principal) -> None:
        """Store a token."""


class CredentialBroker(Protocol):
    """Hands ants short-lived rights."""

    def ant_credentials(
        self, tenant: str, ant_id: str, keys: Sequence[RoutingKey]
    ) -> AwsCredentials:
        """Return rights to the queues of these keys, the tenant's objects and the events queue."""


class SocketAntRepository(Protocol):
    """Ants that come over a websocket, and the tasks that wait for one."""

    def find(self, tenant: str, ant_id: str) -> SocketAnt | None:
        """Return an ant, read consistently."""

    def list(self, tenant: str) -> Sequence[SocketAnt]:
        """Return the ants by id, read consistently."""

    def save(self, tenant: str, ant: SocketAnt) -> SocketAnt:
        """Store it if the stored version is still `ant.version` (0: none); return version + 1.

        ConcurrentUpdateError otherwise.
        """

    def put_connection(self, tenant: str, connection_id: str, ant_id: str) -> None:
        """Remember who speaks over a connection; forgotten a day later."""

    def find_connection(self, tenant: str, connection_id: str) -> str | None:
        """Return the id of the ant that registered over a connection."""

    def put_waiting(self, tenant: str, task: SocketTask) -> None:
        """Let a task wait; doing it again changes nothing."""

    def waiting(self, tenant: str, key: RoutingKey, limit: int) -> Sequence[SocketTask]:
        """Return the first tasks that wait, those of the oldest runs first."""

    def forget_waiting(self, tenant: str, task: SocketTask) -> None:
        """Take a task out of those that wait."""

    def take(self, tenant: str, ant: SocketAnt, task: SocketTask) -> SocketAnt:
        """Give a waiting task to an ant, all or nothing; return the ant as stored.

        ConcurrentUpdateError when the ant has changed or the task no longer waits.
        """


class SocketGateway(Protocol):
    """The other end of the websockets."""

    def push(self, connection_id: str, text: str) -> bool:
        """Send a message; False when the connection is gone."""

    def is_open(self, connection_id: str) -> bool:
        """Whether the connection is there."""
