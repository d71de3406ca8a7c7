"""The part of the run repository that keeps the outcomes of attempts: one small item each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.attempt_codec import decode_attempt, encode_attempt
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Put, in_partition
from formicary.adapters.repeats import late_key
from formicary.domain.records import TaskAttempt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbAttempts:
    """Outcomes by run, execution, task and attempt."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def put_attempt(self, tenant: str, attempt: TaskAttempt) -> None:
        """Store the outcome; told again it is the same item; a late one is its own."""
        key = keys.attempt_key(
            tenant,
            attempt.job_request_id,
            attempt.job_execution_id,
            attempt.task_index,
            attempt.attempt,
            late_key(attempt) if attempt.late else "",
        )
        self._table.put(Put(key, {"attempt": encode_attempt(attempt)}))

    def attempts(
        self, tenant: str, request_id: str, execution_id: str, task_index: int | None = None
    ) -> Sequence[TaskAttempt]:
        """Return the outcomes by task, then by attempt; read consistently."""
        condition = in_partition(
            keys.run_key(tenant, request_id).pk, keys.attempts_prefix(execution_id, task_index)
        )
        return [
            decode_attempt(request_id, execution_id, item["attempt"])
            for item in self._table.query_all(condition, consistent=True)
        ]
