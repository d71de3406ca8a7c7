"""The part of the run repository that keeps the history: gathered from all items of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Put, in_partition
from formicary.adapters.aws.history_codec import decode_history, encode_history
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.aws.job_run_codec import decode_run
from formicary.adapters.aws.rows import from_row, to_row
from formicary.adapters.repeats import note_key
from formicary.domain.history import HistoryEntry, HistoryNote, in_order
from formicary.domain.job_run import JobRun

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CARRIED = "carried"


class DynamoDbHistory:
    """Entries travel in outcomes of attempts, in the head, and when many pile up by themselves."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def put_history(self, tenant: str, request_id: str, carried: Sequence[HistoryEntry]) -> None:
        """Store entries of a run's history by themselves; again is the same item."""
        key = keys.history_key(tenant, request_id, carried[0].version)
        self._table.put(Put(key, {CARRIED: encode_history(carried)}))

    def history(self, tenant: str, request_id: str) -> Sequence[HistoryEntry]:
        """Return the history of a run by version: all items of the run are read."""
        condition = in_partition(keys.run_key(tenant, request_id).pk, "")
        found: list[HistoryEntry] = []
        for item in self._table.query_all(condition, consistent=True):
            if CARRIED in item:
                found.extend(decode_history(item[CARRIED]))
        return in_order(found)

    def put_note(self, tenant: str, request_id: str, note: HistoryNote) -> None:
        """Note what was refused."""
        key = keys.note_key(tenant, request_id, note_key(note))
        self._table.put(Put(key, {"note": pack(to_row(note))}))

    def notes(self, tenant: str, request_id: str) -> Sequence[HistoryNote]:
        """Return what was refused."""
        condition = in_partition(keys.run_key(tenant, request_id).pk, keys.NOTE_PREFIX)
        items = self._table.query_all(condition, consistent=True)
        return [from_row(HistoryNote, unpack(item["note"])) for item in items]

    def archived(self, tenant: str, request_id: str) -> Sequence[JobRun]:
        """Return the earlier executions of a run, the first one first."""
        condition = in_partition(keys.run_key(tenant, request_id).pk, keys.ARCHIVE_PREFIX)
        items = self._table.query_all(condition, consistent=True)
        return sorted((decode_run(tenant, item) for item in items), key=lambda run: run.retried)
