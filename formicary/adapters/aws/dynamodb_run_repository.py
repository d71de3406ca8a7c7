"""Runs in the table: the head is one item, a commit one conditional write.

A user key is an item that names its run. It is written together with the head and freed after the
run has ended; when that did not happen (a crash between the two), the next run takes the key over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_artifacts import DynamoDbArtifacts
from formicary.adapters.aws.dynamodb_attempts import DynamoDbAttempts
from formicary.adapters.aws.dynamodb_lists import ListQuery, first_of_list, list_page
from formicary.adapters.aws.dynamodb_table import ABSENT, DynamoDbTable, Expression, Put, equals
from formicary.adapters.aws.dynamodb_tallies import DynamoDbTallies
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.aws.job_run_codec import decode_run, encode_run
from formicary.adapters.aws.rows import from_row, to_row
from formicary.adapters.paging import scope_of
from formicary.adapters.run_summary import listed_run, time_text
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.job_run import JobRun, ulid_time
from formicary.domain.records import IDEMPOTENCY_KEPT, Page, Reservation
from formicary.domain.wishes import WISH_HOLDS, Wish

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 4
_OWNER = "run_id"
_WISH = "wish"
_WISH_KEPT = 60 * WISH_HOLDS


class DynamoDbRunRepository(DynamoDbAttempts, DynamoDbTallies, DynamoDbArtifacts):
    """RunRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def create(self, run: JobRun) -> JobRun:
        """Store a new run with version 1, or return the one that has its id or key already."""
        new = replace(run, version=1)
        head = Put(keys.run_key(run.tenant, run.request_id), _head(new), ABSENT)
        taken: str | None = None
        for _ in range(_TRIES):
            try:
                self._put_new(head, new, taken)
            except ConcurrentUpdateError:
                there = self.find(run.tenant, run.request_id)
                if there is not None:
                    return there
            else:
                return new
            taken = self._owner_id(new)
            owner = self.find(run.tenant, taken) if taken else None
            if owner is not None and not owner.state.terminal:
                return owner
        raise ConcurrentUpdateError(f"The user key {run.user_key!r} changes hands too often.")

    def find(self, tenant: str, request_id: str) -> JobRun | None:
        """Return the run, read consistently; None when there is none."""
        item = self._table.get(keys.run_key(tenant, request_id))
        return None if item is None else decode_run(tenant, item)

    def save(self, run: JobRun) -> JobRun:
        """Store the state if nobody else did since it was read."""
        saved = replace(run, version=run.version + 1)
        key = keys.run_key(run.tenant, run.request_id)
        self._table.put(Put(key, _head(saved), equals("version", run.version)))
        if run.user_key and run.state.terminal:
            self._free_user_key(run)
        return saved

    def archive_execution(self, run: JobRun) -> None:
        """Keep the current execution of `run`; it is in no list."""
        key = keys.archive_key(run.tenant, run.request_id, run.execution_id)
        self._table.put(Put(key, encode_run(run)))

    def list_runs(
        self,
        tenant: str,
        *,
        job_type: str | None = None,
        states: Iterable[str] = (),
        parent: JobRun | None = None,
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[JobRun]:
        """List runs, the newest first."""
        wanted = tuple(sorted(set(states)))
        matches: dict[str, tuple[str, ...]] = {"job_state": wanted} if wanted else {}
        if job_type is not None:
            matches["job_type"] = (job_type,)
        if parent is not None:
            matches["parent_id"] = (parent.request_id,)
        query = ListQuery(
            partition=keys.runs_list(tenant),
            scope=scope_of(
                "runs",
                tenant,
                {
                    "type": (job_type or "",),
                    "states": wanted,
                    "parent": (parent.request_id if parent else "",),
                },
            ),
            descending=True,
            decode=lambda summary: listed_run(tenant, summary),
            matches=matches,
            prefix=ulid_time(parent.created_at) if parent else "",
        )
        return list_page(self._table, query, offset=offset, limit=limit, token=token)

    def previous_ended(self, run: JobRun) -> JobRun | None:
        """Return the newest COMPLETED or FAILED run of its type submitted before it."""
        query = ListQuery(
            partition=keys.runs_list(run.tenant),
            scope="",
            descending=True,
            decode=lambda summary: listed_run(run.tenant, summary),
            matches={"job_type": (run.job_type,), "job_state": ("COMPLETED", "FAILED")},
        )
        return first_of_list(self._table, query, after=keys.part(run.request_id))

    def reserve(self, tenant: str, key: str, wanted: Reservation) -> Reservation:
        """Reserve an id under a key, or return what was reserved under it before."""
        place = keys.reservation_key(tenant, key)
        begun = wanted.expires_at - IDEMPOTENCY_KEPT
        attributes = {
            _OWNER: wanted.request_id,
            "digest": wanted.digest,
            "expires_at": time_text(wanted.expires_at),
            "ttl": int((wanted.expires_at + IDEMPOTENCY_KEPT).timestamp()),
        }
        free = Expression(
            "attribute_not_exists(pk) OR expires_at <= :now", {}, {":now": time_text(begun)}
        )
        try:
            self._table.put(Put(place, attributes, free))
        except ConcurrentUpdateError:
            item = self._table.get(place)
            if item is None:
                raise
            until = datetime.fromisoformat(item["expires_at"])
            return Reservation(item[_OWNER], item["digest"], until)
        return wanted

    def note_wish(
        self, tenant: str, request_id: str, wish: Wish, instead_of: Wish | None
    ) -> Wish | None:
        """Note what is asked of a run, in place of exactly that earlier wish."""
        key = keys.wish_key(tenant, request_id)
        attributes = {_WISH: pack(to_row(wish)), "ttl": int((wish.at + _WISH_KEPT).timestamp())}
        there = ABSENT if instead_of is None else equals(_WISH, pack(to_row(instead_of)))
        try:
            self._table.put(Put(key, attributes, there))
        except ConcurrentUpdateError:
            item = self._table.get(key)
            if item is None:  # it has expired meanwhile
                return self.note_wish(tenant, request_id, wish, None)
            return from_row(Wish, unpack(item[_WISH]))
        return None

    def _put_new(self, head: Put, run: JobRun, taken: str | None) -> None:
        if not run.user_key:
            self._table.put(head)
            return
        # A key whose run has ended is taken over, from exactly that run.
        condition = ABSENT if taken is None else equals(_OWNER, taken)
        claim = Put(
            keys.user_key_key(run.tenant, run.user_key), {_OWNER: run.request_id}, condition
        )
        self._table.put_together(head, claim)

    def _owner_id(self, run: JobRun) -> str | None:
        item = self._table.get(keys.user_key_key(run.tenant, run.user_key))
        return None if item is None else item[_OWNER]

    def _free_user_key(self, run: JobRun) -> None:
        try:
            self._table.delete(
                keys.user_key_key(run.tenant, run.user_key), equals(_OWNER, run.request_id)
            )
        except ConcurrentUpdateError:
            return  # somebody else's by now, or freed before


def _head(run: JobRun) -> dict[str, Any]:
    return {
        "gsi1pk": keys.runs_list(run.tenant),
        "gsi1sk": keys.part(run.request_id),
        **encode_run(run),
    }
