"""Pages of lists, the same whatever stands behind them.

A token names the list it continues by a digest of tenant and filters, so that it cannot be taken to
another list; it carries a place, never a key, so a made-up one cannot leave the tenant either.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from formicary.domain.errors import InvalidRequestError
from formicary.domain.records import Page

T = TypeVar("T")

MAX_TOTAL = 10_000
ARTIFACT_FILTERS = frozenset(
    {
        "id",
        "name",
        "key",
        "path",
        "kind",
        "job_request_id",
        "job_execution_id",
        "task_execution_id",
        "task_type",
        "sha256",
        "content_type",
        "user_id",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: after this sort key, and the total counted when it began."""

    after: str | None = None
    total: int | None = None


def scope_of(kind: str, tenant: str, filters: Mapping[str, Sequence[str]]) -> str:
    """Name a list: what it lists, whose, and by which filters."""
    text = json.dumps([kind, tenant, sorted((k, sorted(v)) for k, v in filters.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_token(scope: str, place: Place) -> str:
    """Write a place down for the next request."""
    text = json.dumps([scope, place.after, place.total])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(scope: str, token: str | None) -> Place:
    """Read a place; InvalidRequestError when the token was not made for this list."""
    if not token:
        return Place()
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        found, after, total = json.loads(text)
    except (ValueError, TypeError) as error:
        raise InvalidRequestError("next_token is not one that this service gave out.") from error
    if found != scope or not isinstance(after, str) or not isinstance(total, int):
        raise InvalidRequestError("next_token belongs to another list.")
    return Place(after, min(max(total, 0), MAX_TOTAL))


def slice_page(
    records: Sequence[T],
    *,
    scope: str,
    sort_key: Callable[[T], str],
    offset: int,
    limit: int,
    token: str | None,
    descending: bool,
) -> Page[T]:
    """Return one page of a list that is all in memory, sorted already."""
    place = read_token(scope, token)
    rest = [r for r in records if _follows(sort_key(r), place.after, descending=descending)]
    total = min(len(records), MAX_TOTAL) if place.total is None else place.total
    shown = rest[offset : offset + limit]
    more = len(rest) > offset + limit and bool(shown)
    return page_of(
        shown, scope=scope, next_place=sort_key(shown[-1]) if more else None, total=total
    )


def page_of(shown: Sequence[T], *, scope: str, next_place: str | None, total: int) -> Page[T]:
    """Make a page, with a token when there is a place to go on from."""
    token = None if next_place is None else write_token(scope, Place(next_place, total))
    return Page(tuple(shown), total, token)


def checked_artifact_filters(filters: Mapping[str, str]) -> Mapping[str, str]:
    """Return the filters; InvalidRequestError names the ones that artifacts cannot be found by."""
    unknown = sorted(set(filters) - ARTIFACT_FILTERS)
    if unknown:
        raise InvalidRequestError(f"Artifacts cannot be filtered by {', '.join(unknown)}.")
    return filters


def _follows(key: str, after: str | None, *, descending: bool) -> bool:
    if after is None:
        return True
    return key < after if descending else key > after
