"""Watchers of runs in the table."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import (
    PRESENT,
    DynamoDbTable,
    Put,
    equals,
    in_partition,
)
from formicary.adapters.aws.items import pack, unpack
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.watching import Watcher

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# API Gateway closes a connection after two hours.
_KEPT = timedelta(hours=3)


class DynamoDbWatchers:
    """WatcherRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def list(self, tenant: str) -> Sequence[Watcher]:
        """Return the watchers of a tenant."""
        partition = in_partition(keys.watcher_key(tenant, "").pk)
        return [_decode(item) for item in self._table.query_all(partition)]

    def put(self, tenant: str, watcher: Watcher) -> None:
        """Store a watcher anew."""
        self._table.put(_put(tenant, watcher.having(version=1)))

    def save(self, tenant: str, watcher: Watcher) -> None:
        """Store it on the condition of its version."""
        put = _put(tenant, watcher.having(version=watcher.version + 1))
        self._table.put(Put(put.key, put.attributes, equals("version", watcher.version)))

    def remove(self, tenant: str, connection_id: str) -> None:
        """Forget a watcher."""
        with contextlib.suppress(ConcurrentUpdateError):
            self._table.delete(keys.watcher_key(tenant, connection_id), PRESENT)


def _put(tenant: str, watcher: Watcher) -> Put:
    attributes = {
        "version": watcher.version,
        "watcher": pack(watcher.model_dump(mode="json")),
        "ttl": int((watcher.since + _KEPT).timestamp()),
    }
    return Put(keys.watcher_key(tenant, watcher.connection_id), attributes)


def _decode(item: Mapping[str, Any]) -> Watcher:
    return Watcher.model_validate(unpack(item["watcher"]))
