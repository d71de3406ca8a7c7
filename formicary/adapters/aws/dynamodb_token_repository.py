"""Bearer tokens in the table, by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Put
from formicary.domain.grants import words, written_grant
from formicary.domain.records import Principal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbTokenRepository:
    """TokenRepository on one DynamoDB table."""

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
        """Store a token."""
        attributes = {
            "tenant": principal.tenant,
            "user_id": principal.user_id,
            "role": principal.role,
            **written_grant(principal),
        }
        self._table.put(Put(keys.token_key(token_sha256), attributes))
