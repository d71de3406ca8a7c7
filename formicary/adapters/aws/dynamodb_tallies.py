"""The part of the run repository that counts ends of children: one small item a hundred of them.

A place is an attribute of its own, and the condition that it is not there yet makes the sums exact
in one write, without a transaction, and however often the same end is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Expression, in_partition
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.states import ChildMark
from formicary.domain.tally import ChildCounts, Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PLACE = "p"
_ADDED = "SET #p = :p ADD completed :completed, failed :failed, cancelled :cancelled"


class DynamoDbTallies:
    """Tallies by run and name."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def count_once(
        self, tenant: str, request_id: str, name: str, place: int, counts: ChildCounts
    ) -> Tally:
        """Add counts to a tally, once a place."""
        key = keys.tally_key(tenant, request_id, name)
        attribute = {"#p": f"{_PLACE}{place}"}
        values = {
            ":p": counts.mark.value,
            ":completed": counts.completed,
            ":failed": counts.failed,
            ":cancelled": counts.cancelled,
        }
        absent = Expression("attribute_not_exists(#p)", attribute)
        try:
            item = self._table.upsert(key, Expression(_ADDED, attribute, values), absent)
        except ConcurrentUpdateError:
            there = _tally_of(self._table.get(key) or {})
            if place not in there.marks:
                raise
            return there
        return _tally_of(item)

    def tallies(self, tenant: str, request_id: str, prefix: str) -> Mapping[str, Tally]:
        """Return the tallies of a run whose names begin so."""
        place = keys.tally_key(tenant, request_id, prefix)
        found = self._table.query_all(in_partition(place.pk, place.sk), consistent=True)
        return {item["sk"].removeprefix(keys.TALLY_PREFIX): _tally_of(item) for item in found}


def _tally_of(item: Mapping[str, Any]) -> Tally:
    marks = {
        int(name.removeprefix(_PLACE)): ChildMark(value)
        for name, value in item.items()
        if name.startswith(_PLACE) and name != "pk"
    }
    counts = ChildCounts(item.get("completed", 0), item.get("failed", 0), item.get("cancelled", 0))
    return Tally(marks, counts)
