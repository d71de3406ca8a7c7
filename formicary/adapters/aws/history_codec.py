"""Entries of a run's history, as short as they can be: most of them travel in other items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.aws.rows import from_row, to_row
from formicary.domain.events import Event
from formicary.domain.history import HistoryEntry

_EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode_history(entries: Iterable[HistoryEntry]) -> str | bytes:
    """Return entries packed."""
    return pack([_row(entry) for entry in entries])


def decode_history(packed: str | bytes) -> Sequence[HistoryEntry]:
    """Return the entries that were packed."""
    return [_entry(row) for row in unpack(packed)]


def _row(entry: HistoryEntry) -> list[Any]:
    moment = (entry.at - _EPOCH) // _MICROSECOND
    name = type(entry.event).__name__
    return [entry.version, moment, entry.cause, int(entry.cut), name, *to_row(entry.event)]


def _entry(row: list[Any]) -> HistoryEntry:
    version, moment, cause, cut, name, *fields = row
    event = from_row(_EVENTS[name], fields)
    return HistoryEntry(version, _EPOCH + moment * _MICROSECOND, event, cause, bool(cut))
