"""Lists from the index: the page that was asked for is read, the rest counted, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from formicary.adapters.aws.dynamodb_table import INDEX, DynamoDbTable, Expression
from formicary.adapters.paging import MAX_TOTAL, page_of, read_token
from formicary.domain.records import Page

T = TypeVar("T")

# Items that one request may read; a list that a filter thins out more goes on by its token.
MAX_READ = 100_000
# How many items each query for a single match reads: most often it lies near.
_LOOK_BACK = (50, 1000, 2500, 2500)


@dataclass(frozen=True, slots=True)
class ListQuery(Generic[T]):
    """A list: its index partition, its order, and which of its items match."""

    partition: str
    scope: str
    descending: bool
    decode: Callable[[Mapping[str, Any]], T]
    matches: Mapping[str, Sequence[str]]
    prefix: str = ""

    def condition(self, after: str | None) -> Expression:
        """Return the key condition of the list, or of what follows a place."""
        if self.prefix:
            return self._range(after)
        if after is None:
            return Expression("gsi1pk = :pk", {}, {":pk": self.partition})
        order = "<" if self.descending else ">"
        return Expression(
            f"gsi1pk = :pk AND gsi1sk {order} :after", {}, {":pk": self.partition, ":after": after}
        )

    def _range(self, after: str | None) -> Expression:
        """Return the condition of a list, the newest first, of keys that begin alike."""
        last = f"{self.prefix}~" if after is None else f"{after[:-1]}{chr(ord(after[-1]) - 1)}~"
        return Expression(
            "gsi1pk = :pk AND gsi1sk BETWEEN :first AND :last",
            {},
            {":pk": self.partition, ":first": self.prefix, ":last": last},
        )


@dataclass(slots=True)
class _Walk:
    """How far a list was read."""

    items: list[dict[str, Any]]
    read: int = 0
    start: Mapping[str, Any] | None = None
    ended: bool = False


def list_page(
    table: DynamoDbTable, query: ListQuery[T], *, offset: int, limit: int, token: str | None
) -> Page[T]:
    """Return one page of a list; the total is counted up to 10,000."""
    place = read_token(query.scope, token)
    key, options = _arguments(query, place.after)
    walk = _Walk([])
    _gather(table, key, options, walk, wanted=offset + limit + 1)
    total = place.total
    if total is None:
        total = min(MAX_TOTAL, len(walk.items) + _count(table, key, options, walk))
    shown = walk.items[offset : offset + limit]
    more = len(walk.items) > offset + limit
    return page_of(
        [query.decode(item["summary"]) for item in shown],
        scope=query.scope,
        next_place=shown[-1]["gsi1sk"] if more and shown else _where_it_stopped(walk),
        total=total,
    )


def first_of_list(table: DynamoDbTable, query: ListQuery[T], *, after: str) -> T | None:
    """Return the first match behind a place; what lies too far behind it is not found."""
    key, options = _arguments(query, after)
    start: Mapping[str, Any] | None = None
    for limit in _LOOK_BACK:
        answer = table.query(key, start=start, Limit=limit, **options)
        if answer.items:
            return query.decode(answer.items[0]["summary"])
        start = answer.last_key
        if start is None:
            break
    return None


def _where_it_stopped(walk: _Walk) -> str | None:
    """Return where to go on after a list that was too long to read to its end."""
    return None if walk.start is None else str(walk.start["gsi1sk"]["S"])


def _gather(
    table: DynamoDbTable, key: Expression, options: Mapping[str, Any], walk: _Walk, *, wanted: int
) -> None:
    while not walk.ended and len(walk.items) < wanted and walk.read < MAX_READ:
        # Without a filter every item read is an item of the list: read no more than that.
        limit = {} if "FilterExpression" in options else {"Limit": wanted - len(walk.items)}
        answer = table.query(key, start=walk.start, **options, **limit)
        walk.items.extend(answer.items)
        _advance(walk, answer.scanned, answer.last_key)


def _count(table: DynamoDbTable, key: Expression, options: Mapping[str, Any], walk: _Walk) -> int:
    """Count what follows the gathered items; leaves the walk where it was."""
    rest = _Walk([], walk.read, walk.start, walk.ended)
    count = 0
    while not rest.ended and len(walk.items) + count < MAX_TOTAL and rest.read < MAX_READ:
        answer = table.query(key, start=rest.start, Select="COUNT", **options)
        count += answer.count
        _advance(rest, answer.scanned, answer.last_key)
    return count


def _advance(walk: _Walk, scanned: int, last_key: Mapping[str, Any] | None) -> None:
    walk.read += scanned
    walk.start = last_key
    walk.ended = last_key is None


def _arguments(query: ListQuery[Any], after: str | None) -> tuple[Expression, dict[str, Any]]:
    """Return the key condition with all names and values, and the other arguments of Query."""
    key = query.condition(after)
    options: dict[str, Any] = {"IndexName": INDEX, "ScanIndexForward": not query.descending}
    clauses, names, values = [], {}, dict(key.values)
    for number, (name, wanted) in enumerate(sorted(query.matches.items())):
        placeholder = f"#s.#f{number}"
        names[f"#f{number}"] = name
        if tuple(wanted) == ("",):
            clauses.append(f"attribute_not_exists({placeholder})")
            continue
        choices = {f":f{number}_{i}": value for i, value in enumerate(wanted)}
        values.update(choices)
        clauses.append(f"{placeholder} IN ({', '.join(choices)})")
    if clauses:
        names["#s"] = "summary"
        options["FilterExpression"] = " AND ".join(clauses)
    return Expression(key.text, names, values), options
