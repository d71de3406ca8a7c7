"""Bearer tokens in the table, by their hash, and the tenants that have any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Put, in_partition
from formicary.domain.grants import words, written_grant
from formicary.domain.records import Principal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbTokenRepository:
    """TokenRepository and TenantRegistry on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def find(self, token_sha256: str) -> Principal | None:
        """Return whose token it is; read consistently, since refusals are cached for minutes."""
        item = self._table.get(keys.token_key(token_sha256))
        if item is None:
            return None
        return Principal(
            item["tenant"],
            item["user_id"],
            item["role"],
            methods=words(item.get("methods")),
            tags=words(item.get("tags")),
        )

    def put(self, token_sha256: str, principal: Principal) -> None:
        """Store a token, and the tenant with it, which housekeeping visits from then on."""
        self._table.put(Put(keys.tenant_key(principal.tenant), {"tenant": principal.tenant}))
        attributes = {
            "tenant": principal.tenant,
            "user_id": principal.user_id,
            "role": principal.role,
            **written_grant(principal),
        }
        self._table.put(Put(keys.token_key(token_sha256), attributes))

    def tenants(self, after: str, limit: int) -> Sequence[str]:
        """Return tenants by name, from the first after that name on."""
        place = keys.tenant_key(after).sk if after else ""
        answer = self._table.query(in_partition(keys.TENANTS, after=place), Limit=limit)
        return [item["tenant"] for item in answer.items]
