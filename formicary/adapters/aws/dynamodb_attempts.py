"""The part of the run repository that keeps the outcomes of attempts: one small item each."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.attempt_codec import decode_attempt, encode_attempt
from formicary.adapters.aws.dynamodb_history import CARRIED, DynamoDbHistory
from formicary.adapters.aws.dynamodb_table import (
    DynamoDbTable,
    Put,
    equals,
    in_partition,
    not_after,
)
from formicary.adapters.aws.history_codec import decode_history, encode_history
from formicary.adapters.aws.keys import Key
from formicary.adapters.repeats import place_of, settled
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.history import HistoryEntry
from formicary.domain.records import TaskAttempt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_DECIDED_ON = "decided_on"


class DynamoDbAttempts(DynamoDbHistory):
    """Outcomes by run, execution, task and attempt."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def put_attempt(
        self,
        tenant: str,
        attempt: TaskAttempt,
        version: int = 0,
        carried: Sequence[HistoryEntry] = (),
    ) -> None:
        """Store the outcome; told again it is the same item; a late one is its own."""
        attributes: dict[str, Any] = {"attempt": encode_attempt(attempt)}
        if carried:
            attributes[CARRIED] = encode_history(carried)
        if version and not attempt.late:
            attributes[_DECIDED_ON] = version
        condition = None if attempt.late else not_after(_DECIDED_ON, version)
        self._table.put(Put(_key_of(tenant, attempt), attributes, condition))

    def withdraw_attempt(self, tenant: str, attempt: TaskAttempt) -> None:
        """Remove an outcome; what it carried stays, in an item of its own."""
        key = _key_of(tenant, attempt)
        item = self._table.get(key)
        if item is None:
            return
        if CARRIED in item:
            self.put_history(tenant, attempt.job_request_id, decode_history(item[CARRIED]))
        with contextlib.suppress(ConcurrentUpdateError):  # written again meanwhile
            self._table.delete(key, equals(_DECIDED_ON, item.get(_DECIDED_ON, 0)))

    def attempts(
        self, tenant: str, request_id: str, execution_id: str, task_index: int | None = None
    ) -> Sequence[TaskAttempt]:
        """Return the outcomes by task, then by attempt; read consistently."""
        condition = in_partition(
            keys.run_key(tenant, request_id).pk, keys.attempts_prefix(execution_id, task_index)
        )
        found = [
            decode_attempt(request_id, execution_id, item["attempt"])
            for item in self._table.query_all(condition, consistent=True)
        ]
        return settled(found, lambda: self.history(tenant, request_id))


def _key_of(tenant: str, attempt: TaskAttempt) -> Key:
    return keys.attempt_key(
        tenant,
        attempt.job_request_id,
        attempt.job_execution_id,
        attempt.task_index,
        attempt.attempt,
        place_of(attempt),
    )
