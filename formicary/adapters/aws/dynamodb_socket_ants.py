"""Websocket ants and the tasks that wait for them in the table."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import (
    ABSENT,
    PRESENT,
    DynamoDbTable,
    Put,
    Removal,
    equals,
    in_partition,
)
from formicary.adapters.aws.items import pack, unpack
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.routing_key import RoutingKey
from formicary.domain.socket_ant import SocketAnt, SocketTask

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from formicary.ports import Clock

# API Gateway closes a connection after two hours.
_CONNECTION_KEPT = timedelta(days=1)


class DynamoDbSocketAnts:
    """SocketAntRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str, clock: Clock) -> None:
        self._table = DynamoDbTable(client, table_name)
        self._clock = clock

    def find(self, tenant: str, ant_id: str) -> SocketAnt | None:
        """Return an ant, read consistently."""
        item = self._table.get(keys.socket_ant_key(tenant, ant_id))
        return None if item is None else _decode(item)

    def list(self, tenant: str) -> Sequence[SocketAnt]:
        """Return the ants by id, read consistently."""
        partition = in_partition(keys.socket_ant_key(tenant, "").pk, "A#")
        return [_decode(item) for item in self._table.query_all(partition, consistent=True)]

    def save(self, tenant: str, ant: SocketAnt) -> SocketAnt:
        """Store it on the condition of its version."""
        saved = ant.having(version=ant.version + 1)
        self._table.put(_put(tenant, saved))
        return saved

    def put_connection(self, tenant: str, connection_id: str, ant_id: str) -> None:
        """Remember who speaks over a connection."""
        ttl = int((self._clock.now() + _CONNECTION_KEPT).timestamp())
        key = keys.socket_connection_key(tenant, connection_id)
        self._table.put(Put(key, {"ant_id": ant_id, "ttl": ttl}))

    def find_connection(self, tenant: str, connection_id: str) -> str | None:
        """Return who registered over a connection."""
        item = self._table.get(keys.socket_connection_key(tenant, connection_id))
        return None if item is None else str(item["ant_id"])

    def put_waiting(self, tenant: str, task: SocketTask) -> None:
        """Let a task wait; doing it again changes nothing."""
        attributes = {"task": pack(task.model_dump(mode="json"))}
        with contextlib.suppress(ConcurrentUpdateError):
            self._table.put(Put(_task_key(tenant, task), attributes, ABSENT))

    def waiting(self, tenant: str, key: RoutingKey, limit: int) -> Sequence[SocketTask]:
        """Return the first tasks that wait, those of the oldest runs first."""
        partition = in_partition(keys.socket_task_key(tenant, str(key), "", "").pk)
        answer = self._table.query(partition, Limit=limit, ConsistentRead=True)
        return [SocketTask.model_validate(unpack(item["task"])) for item in answer.items]

    def forget_waiting(self, tenant: str, task: SocketTask) -> None:
        """Take a task out of those that wait."""
        with contextlib.suppress(ConcurrentUpdateError):
            self._table.delete(_task_key(tenant, task), PRESENT)

    def take(self, tenant: str, ant: SocketAnt, task: SocketTask) -> SocketAnt:
        """Give a waiting task to an ant, all or nothing."""
        busy = ant.having(task=task, version=ant.version + 1)
        self._table.put_together(_put(tenant, busy), Removal(_task_key(tenant, task), PRESENT))
        return busy


def _put(tenant: str, saved: SocketAnt) -> Put:
    before = saved.version - 1
    condition = equals("version", before) if before else ABSENT
    attributes = {"version": saved.version, "ant": pack(saved.model_dump(mode="json"))}
    return Put(keys.socket_ant_key(tenant, saved.ant_id), attributes, condition)


def _decode(item: Mapping[str, Any]) -> SocketAnt:
    return SocketAnt.model_validate(unpack(item["ant"]))


def _task_key(tenant: str, task: SocketTask) -> keys.Key:
    return keys.socket_task_key(tenant, task.routing_key, task.request_id, task.key)
