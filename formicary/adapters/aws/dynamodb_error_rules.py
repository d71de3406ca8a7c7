"""The table of error codes in DynamoDB: one partition a tenant."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Expression, Put, in_partition
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.run_summary import time_text
from formicary.domain.error_rules import ErrorRule
from formicary.domain.errors import ConcurrentUpdateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_PRESENT = Expression("attribute_exists(pk)")
_RULE: TypeAdapter[ErrorRule] = TypeAdapter(ErrorRule)


class DynamoDbErrorRuleRepository:
    """ErrorRuleRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def list(self, tenant: str) -> Sequence[ErrorRule]:
        """Return the rows of a tenant by id."""
        partition = in_partition(keys.error_rule_key(tenant, "").pk)
        return [_rule(item) for item in self._table.query_all(partition, consistent=True)]

    def find(self, tenant: str, rule_id: str) -> ErrorRule | None:
        """Return a row."""
        item = self._table.get(keys.error_rule_key(tenant, rule_id))
        return None if item is None else _rule(item)

    def put(self, rule: ErrorRule) -> None:
        """Store a row."""
        fields = dataclasses.asdict(rule)
        fields |= {name: time_text(fields[name]) for name in ("created_at", "updated_at")}
        kept = {name: value for name, value in fields.items() if value}
        self._table.put(Put(keys.error_rule_key(rule.tenant, rule.id), {"rule": pack(kept)}))

    def delete(self, tenant: str, rule_id: str) -> None:
        """Forget a row."""
        with contextlib.suppress(ConcurrentUpdateError):  # it is gone already
            self._table.delete(keys.error_rule_key(tenant, rule_id), _PRESENT)


def _rule(item: Mapping[str, Any]) -> ErrorRule:
    return _RULE.validate_python(unpack(item["rule"]))
