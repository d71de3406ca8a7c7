"""Removal of finished runs from the table, in pieces: the head first, so that none comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import (
    DynamoDbTable,
    Put,
    Removal,
    equals,
    in_partition,
)
from formicary.domain.artifact import Artifact
from formicary.domain.job_run import JobRun

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbRunRemover:
    """RunRemover on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def retire(self, run: JobRun) -> None:
        """Take a run out of all lists and note its id, all or nothing."""
        self._table.put_together(
            Removal(keys.run_key(run.tenant, run.request_id), equals("version", run.version)),
            Put(keys.retired_key(run.tenant, run.request_id), {"run_id": run.request_id}),
        )

    def retired(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the ids of some retired runs of which something is left."""
        partition = keys.retired_key(tenant, "").pk
        answer = self._table.query(in_partition(partition), Limit=limit, ConsistentRead=True)
        return [item["run_id"] for item in answer.items]

    def remove_remains(self, tenant: str, request_id: str, limit: int) -> bool:
        """Remove some items of a retired run; the note goes last."""
        partition = keys.run_key(tenant, request_id).pk
        answer = self._table.query(
            in_partition(partition),
            Limit=limit,
            ConsistentRead=True,
            ProjectionExpression="pk, sk",
        )
        self._table.delete_all([keys.Key(item["pk"], item["sk"]) for item in answer.items])
        if answer.last_key is not None:
            return False
        self._table.delete_all([keys.retired_key(tenant, request_id)])
        return True

    def delete_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Forget the metadata of an artifact."""
        self._table.delete_all([keys.artifact_key(tenant, artifact.job_request_id, artifact.id)])
