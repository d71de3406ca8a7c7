"""The items of a fork task: a child is forked for each, some at a time.

Items are kept in pages; so no step reads or writes more with ten thousand than with a hundred.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from formicary.domain.templating.json_data import DataError, read_json

MAX_ITEMS = 10_000
PAGE = 100
# Children that one event makes, and that one event cancels. A page has a whole number of batches.
BATCH = 25


def items_of(value: str | Sequence[Any]) -> list[Any]:
    """Return the items of a rendered `fork_items`; ValueError tells what is wrong with it.

    A text is a JSON list when it begins with a bracket, and otherwise has an item a line.
    """
    if isinstance(value, str):
        text = value.strip()
        items = _of_json(text) if text.startswith("[") else _of_lines(text)
    else:
        items = list(value)
    if len(items) > MAX_ITEMS:
        raise ValueError(f"fork_items has {len(items):,} items, and {MAX_ITEMS:,} are allowed")
    return items


def _of_lines(text: str) -> list[Any]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _of_json(text: str) -> list[Any]:
    try:
        items = read_json(text.encode())
    except DataError as error:
        place = f", line {error.line}, column {error.column}" if error.line else ""
        raise ValueError(
            f"fork_items begins as a JSON list, and is none{place}: {error}; "
            "write JSON, or an item a line as {{range .Names}}{{println .}}{{end}} does"
        ) from error
    return [*items]


def pages_of(items: Sequence[Any]) -> Iterator[bytes]:
    """Yield the pages that items are kept in."""
    for begin in range(0, len(items), PAGE):
        yield json.dumps(items[begin : begin + PAGE], separators=(",", ":")).encode()


def batch_of(page: bytes | None, begin: int, total: int) -> list[Any]:
    """Return the items of the batch that begins at a place, out of its page.

    ValueError tells in words that the page is gone or not what was kept: objects of a run are
    within reach of its ants.
    """
    if page is None:
        raise ValueError("the items that it forks for are gone: restart the job")
    try:
        items = json.loads(page)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or len(items) != page_size(total, begin // PAGE):
        raise ValueError("the items that it forks for were changed meanwhile: restart the job")
    return items[begin % PAGE : begin % PAGE + BATCH]


def page_count(total: int) -> int:
    """Return how many pages so many items have."""
    return -(-total // PAGE)


def page_size(total: int, page: int) -> int:
    """Return how many of so many items stand on a page."""
    return min(PAGE, total - page * PAGE)
