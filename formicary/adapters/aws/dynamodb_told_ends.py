"""Which ends of runs the event bus was told of: a small item each, in the order of the runs.

They have a partition of their own, so that who notes them needs no right to any other item.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Put, between
from formicary.domain.lifecycle_event import RunEnd

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from formicary.ports import Clock

# Longer than housekeeping looks back.
_KEPT = timedelta(days=7)


class DynamoDbToldEnds:
    """ToldEnds on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str, clock: Clock) -> None:
        self._table = DynamoDbTable(client, table_name)
        self._clock = clock

    def note(self, ends: Sequence[RunEnd]) -> None:
        """Note that the bus has taken them."""
        ttl = int((self._clock.now() + _KEPT).timestamp())
        self._table.put_all([Put(key, {"ttl": ttl}) for key in _keys(ends)])

    def untold(self, tenant: str, ends: Collection[RunEnd]) -> Collection[RunEnd]:
        """Return those that nobody has noted: one query, from the first of them to the last."""
        by_key = {key: end for key, end in _keys(ends).items() if end.tenant == tenant}
        if not by_key:
            return []
        within = between(min(by_key), max(by_key))
        noted = {keys.Key(item["pk"], item["sk"]) for item in self._table.query_all(within)}
        return [end for key, end in by_key.items() if key not in noted]


def _keys(ends: Collection[RunEnd]) -> dict[keys.Key, RunEnd]:
    """Return ends by their keys, each once: a batch takes no key twice."""
    return {keys.told_end_key(*end): end for end in ends}
