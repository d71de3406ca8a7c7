"""NotificationRepository in the table: items of the run, so that they go when it goes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import ABSENT, DynamoDbTable, Put, equals, in_partition
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.run_summary import time_text
from formicary.domain.notification import Notification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_NOTIFICATION: TypeAdapter[Notification] = TypeAdapter(Notification)
_TIMES = ("created_at", "updated_at")


class DynamoDbNotifications:
    """NotificationRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def find(self, tenant: str, request_id: str, notification_id: str) -> Notification | None:
        """Return a telling, read consistently."""
        item = self._table.get(keys.notification_key(tenant, request_id, notification_id))
        return None if item is None else _decode(item)

    def save(self, tenant: str, notification: Notification) -> Notification:
        """Store it if nobody else did since it was read."""
        saved = dataclasses.replace(notification, version=notification.version + 1)
        fields = dataclasses.asdict(saved)
        fields |= {name: time_text(fields[name]) for name in _TIMES}
        kept = {name: value for name, value in fields.items() if value}
        condition = equals("version", notification.version) if notification.version else ABSENT
        key = keys.notification_key(tenant, saved.job_request_id, saved.id)
        self._table.put(Put(key, {"version": saved.version, "told": pack(kept)}, condition))
        return saved

    def list(self, tenant: str, request_id: str) -> Sequence[Notification]:
        """Return the tellings of a run by id."""
        condition = in_partition(keys.run_key(tenant, request_id).pk, keys.TOLD_PREFIX)
        found = [_decode(item) for item in self._table.query_all(condition, consistent=True)]
        return sorted(found, key=lambda notification: notification.id)


def _decode(item: Mapping[str, Any]) -> Notification:
    return _NOTIFICATION.validate_python(unpack(item["told"]))
