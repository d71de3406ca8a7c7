"""Configs in the table: one partition an owner."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Expression, Put, in_partition
from formicary.adapters.aws.items import pack, unpack
from formicary.domain.config import Config, ConfigOwner, ConfigScope
from formicary.domain.errors import ConcurrentUpdateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_PRESENT = Expression("attribute_exists(pk)")


class DynamoDbConfigRepository:
    """ConfigRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def list(self, tenant: str, owner: ConfigOwner) -> Sequence[Config]:
        """Return the configs of an owner by name."""
        partition = in_partition(keys.config_key(tenant, owner.scope, owner.name, "").pk)
        items = self._table.query_all(partition, consistent=True)
        return [_config(item) for item in items]

    def find(self, tenant: str, owner: ConfigOwner, name: str) -> Config | None:
        """Return a config."""
        item = self._table.get(keys.config_key(tenant, owner.scope, owner.name, name))
        return None if item is None else _config(item)

    def put(self, tenant: str, config: Config) -> None:
        """Store a config."""
        owner = config.owner
        attributes = {
            "scope": str(owner.scope),
            "owner": owner.name,
            "name": config.name,
            "value": pack(config.value),
            "created_at": config.created_at.isoformat(),
            "updated_at": config.updated_at.isoformat(),
            "user_id": config.user_id,
            "sealed": config.sealed or None,
        }
        key = keys.config_key(tenant, owner.scope, owner.name, config.name)
        self._table.put(Put(key, attributes))

    def delete(self, tenant: str, owner: ConfigOwner, name: str) -> None:
        """Forget a config."""
        with contextlib.suppress(ConcurrentUpdateError):  # it is gone already
            self._table.delete(keys.config_key(tenant, owner.scope, owner.name, name), _PRESENT)


def _config(item: Mapping[str, Any]) -> Config:
    return Config(
        owner=ConfigOwner(ConfigScope(item["scope"]), item["owner"]),
        name=item["name"],
        value=unpack(item["value"]),
        created_at=datetime.fromisoformat(item["created_at"]),
        updated_at=datetime.fromisoformat(item["updated_at"]),
        user_id=item["user_id"],
        sealed=item.get("sealed", ""),
    )
