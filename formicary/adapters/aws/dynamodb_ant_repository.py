"""Ants, queues and cancel wishes in the table; a heartbeat is one write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Expression, Put, in_partition
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.repeats import BEATING, beaten
from formicary.adapters.run_summary import time_text
from formicary.domain.ant import AntRegistration, QueueDirective, TaskInFlight
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.routing_key import RoutingKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from formicary.ports import Clock

# DynamoDB removes items some time after their `ttl`; a clock that is behind must still find them.
_KEPT_AFTER_EXPIRY = timedelta(hours=1)
_PACKED = ("methods", "tags", "in_flight")


class DynamoDbAntRepository:
    """AntRepository on one DynamoDB table; the clock tells which cancel wishes have expired."""

    def __init__(self, client: DynamoDBClient, table_name: str, clock: Clock) -> None:
        self._table = DynamoDbTable(client, table_name)
        self._clock = clock

    def register(self, tenant: str, ant: AntRegistration) -> None:
        """Store an ant that has started (or started again)."""
        self._table.put(Put(keys.ant_key(tenant, ant.ant_id), _encode(ant)))

    def find(self, tenant: str, ant_id: str) -> AntRegistration | None:
        """Return an ant."""
        item = self._table.get(keys.ant_key(tenant, ant_id))
        return None if item is None else _decode(item)

    def list(self, tenant: str) -> Sequence[AntRegistration]:
        """Return the ants by id."""
        items = self._table.query_all(in_partition(keys.ant_key(tenant, "").pk))
        return [_decode(item) for item in items]

    def heartbeat(
        self, tenant: str, ant: AntRegistration
    ) -> tuple[AntRegistration, Sequence[TaskInFlight]] | None:
        """Store what changes from beat to beat in one write; None for an unknown ant."""
        beat = _encode(ant)
        changing = BEATING
        update = Expression(
            "SET " + ", ".join(f"#{name} = :{name}" for name in changing),
            {f"#{name}": name for name in changing},
            {f":{name}": beat[name] for name in changing},
        )
        try:
            before = _decode(self._table.update(keys.ant_key(tenant, ant.ant_id), update))
        except ConcurrentUpdateError:
            return None
        return beaten(before, ant), before.in_flight

    def drain(self, tenant: str, ant_id: str) -> bool:
        """Remember that an ant shall drain; False for an unknown one."""
        update = Expression(
            "SET #draining = :draining", {"#draining": "draining"}, {":draining": True}
        )
        try:
            self._table.update(keys.ant_key(tenant, ant_id), update)
        except ConcurrentUpdateError:
            return False
        return True

    def put_queue(self, tenant: str, key: RoutingKey, queue_url: str) -> None:
        """Remember the queue of a routing key."""
        attributes = {"routing_key": str(key), "queue_url": queue_url}
        self._table.put(Put(keys.queue_key(tenant, str(key)), attributes))

    def queues(self, tenant: str) -> Sequence[QueueDirective]:
        """Return all queues of the tenant by routing key."""
        items = self._table.query_all(in_partition(keys.queue_key(tenant, "").pk))
        return [
            QueueDirective(routing_key=item["routing_key"], queue_url=item["queue_url"])
            for item in items
        ]

    def put_cancel(self, tenant: str, task_key: str, expires_at: datetime) -> None:
        """Remember that an attempt shall be ended."""
        ttl = int((expires_at + _KEPT_AFTER_EXPIRY).timestamp())
        key = keys.cancel_key(tenant, task_key, expires_at)
        self._table.put(Put(key, {"task_key": task_key, "ttl": ttl}))

    def cancels(self, tenant: str) -> Sequence[str]:
        """Return the task keys whose wish has not expired, sorted; expired ones are not read."""
        now = self._clock.now()
        # "~" sorts behind "#": a wish that expires at this very moment has expired.
        condition = in_partition(
            keys.cancel_key(tenant, "", now).pk, after=f"{keys.expiry_sort(now)}~"
        )
        return sorted({item["task_key"] for item in self._table.query_all(condition)})


def _encode(ant: AntRegistration) -> dict[str, Any]:
    fields = ant.model_dump(mode="json")
    fields.update({name: pack(fields[name]) for name in _PACKED})
    fields["created_at"] = time_text(ant.created_at)
    fields["updated_at"] = time_text(ant.updated_at)
    return fields


def _decode(item: Mapping[str, Any]) -> AntRegistration:
    fields = {name: item[name] for name in AntRegistration.model_fields if name in item}
    fields.update({name: unpack(item[name]) for name in _PACKED})
    return AntRegistration.model_validate(fields)
