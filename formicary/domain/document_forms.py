"""Reads the article's forms without indentation: keys below an empty key become its content."""

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from formicary.domain.document_nodes import Entry, Listing, Mapping, Scalar
from formicary.domain.faults import nearest
from formicary.domain.field_types import Part


@cache
def keys_of(model: type[Part]) -> frozenset[str]:
    """Return the keys that a model knows, as written in the text."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


@cache
def shape(model: type[Part], key: str) -> tuple[str, type[Part] | None]:
    """Return what a key holds: `model`, `models` (a list of them), `map` or `other`."""
    for name, field in model.model_fields.items():
        if (field.alias or name) == key:
            return _shape(field.annotation)
    return "other", None


def _shape(annotation: Any) -> tuple[str, type[Part] | None]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _shape(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return next(
            (found for part in get_args(annotation) if (found := _shape(part))[0] != "other"),
            ("other", None),
        )
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return "model", annotation
    if origin is dict:
        return "map", None
    if origin in (list, tuple) and _shape(get_args(annotation)[0])[0] == "model":
        return "models", _shape(get_args(annotation)[0])[1]
    return "other", None


def mend_forms(mapping: Mapping, model: type[Part]) -> None:
    """Move entries that belong to an empty key of a map, or to its last list item, into it."""
    known = keys_of(model)
    if any(_can_take(entry, model) for entry in mapping.entries):
        mapping.entries = list(_taken(_Pending(mapping.entries), model, known))
    for entry in mapping.entries:
        if not isinstance(entry.value, Scalar):
            _mend_inside(entry, model)


def _mend_inside(entry: Entry, model: type[Part]) -> None:
    """Do the same in the parts of a part; tasks are mended one by one, where they are read."""
    _, inner = shape(model, entry.key.text)
    if inner is None or entry.key.text == "tasks":
        return
    values = [entry.value]
    if isinstance(entry.value, Listing):
        values = [item.value for item in entry.value.items]
    for value in values:
        if isinstance(value, Mapping):
            mend_forms(value, inner)


class _Pending:
    """Entries that can be looked at before they are taken."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._next = 0

    def __iter__(self) -> "_Pending":
        return self

    def __next__(self) -> Entry:
        entry = self.peek()
        if entry is None:
            raise StopIteration
        self._next += 1
        return entry

    def peek(self) -> Entry | None:
        return self._entries[self._next] if self._next < len(self._entries) else None


def _taken(pending: _Pending, model: type[Part], outer: frozenset[str]) -> Iterator[Entry]:
    for entry in pending:
        _fill(entry, model, pending, outer)
        yield entry


def _can_take(entry: Entry, model: type[Part]) -> bool:
    kind, _ = shape(model, entry.key.text)
    if kind in ("model", "map"):
        return isinstance(entry.value, Scalar) and entry.value.structural() is None
    return kind == "models" and isinstance(entry.value, Listing)


def _fill(entry: Entry, model: type[Part], pending: _Pending, outer: frozenset[str]) -> None:
    """Give an empty key the entries that follow and can only be its own."""
    if not _can_take(entry, model):
        return
    kind, inner = shape(model, entry.key.text)
    if kind == "models" and inner and isinstance(entry.value, Listing):
        _fill_items(entry, entry.value, inner, pending, outer)
        return
    content = Mapping(entry.value.line, entry.value.column)
    if inner:
        _take_into(content, inner, pending, keys_of(inner), outer)
    else:
        _take_words(content, entry, pending, outer)
    if content.entries:
        entry.value = content


def _fill_items(
    entry: Entry, listing: Listing, model: type[Part], pending: _Pending, outer: frozenset[str]
) -> None:
    """Give the last item of a list the entries that follow it, then take more items."""
    while True:
        last = listing.items[-1].value if listing.items else None
        # An item without indentation has one key, the one behind its dash.
        if isinstance(last, Mapping) and len(last.entries) == 1:
            _take_into(last, model, pending, keys_of(model) - outer, outer)
        more = pending.peek()
        if not (more and more.goes_on and more.key.text == entry.key.text):
            return
        if isinstance(more.value, Listing):
            listing.items += more.value.items
        next(pending)


def _take_into(
    content: Mapping,
    model: type[Part],
    pending: _Pending,
    accepted: frozenset[str],
    outer: frozenset[str],
) -> None:
    seen = {entry.key.text for entry in content.entries}
    while (entry := pending.peek()) and entry.key.text in accepted - seen:
        next(pending)
        seen.add(entry.key.text)
        _fill(entry, model, pending, outer | accepted)
        content.entries.append(entry)


def _take_words(content: Mapping, owner: Entry, pending: _Pending, outer: frozenset[str]) -> None:
    """Take entries that no key of the surroundings is, nor one misspelt."""
    while (entry := pending.peek()) and entry.key.text not in outer:
        if not isinstance(entry.value, Scalar) or _misspelt(entry.key.text, outer):
            return
        if entry.scope is not owner.scope:
            return
        content.entries.append(next(pending))


def _misspelt(word: str, known: frozenset[str]) -> bool:
    near = nearest(word, known, 0.8)
    return bool(near) and abs(len(near) - len(word)) <= 2 and word.islower()
