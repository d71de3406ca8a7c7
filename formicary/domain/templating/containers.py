"""Looks into lists, maps and texts: Go's `index`, `slice` and `len`."""

from collections.abc import Mapping
from typing import Any

from formicary.domain.templating.comparing import noun
from formicary.domain.templating.values import (
    Byte,
    Slice,
    from_bytes,
    kind_of,
    to_bytes,
)


def index(container: Any, *keys: Any) -> Any:
    """Look up keys one in the other; a map gives nothing for a missing one, a list an error."""
    if kind_of(container) == "nil":
        raise ValueError("cannot index a missing value")
    for key in keys:
        container = _item(container, key)
    return container


def _item(container: Any, key: Any) -> Any:
    match kind_of(container):
        case "map":
            if kind_of(key) != "text":
                raise ValueError(f"cannot index a map with {noun(key)}")
            return container.get(str(key))
        case "list":
            return container[_place(key, len(container) - 1)]
        case "text":
            raw = to_bytes(container)
            return Byte(raw[_place(key, len(raw) - 1)])
    raise ValueError(f"cannot index {noun(container)}")


def _place(key: Any, most: int) -> int:
    if kind_of(key) != "int":
        raise ValueError(f"cannot index a list with {noun(key)}")
    if not 0 <= key <= most:
        raise ValueError(f"index {key} is out of range (the last is {most})")
    return int(key)


def cut(container: Any, *bounds: Any) -> Any:
    """Return a part of a list, or of the bytes of a text."""
    kind = kind_of(container)
    if kind == "text":
        if len(bounds) > 2:
            raise ValueError("a text is sliced with two bounds")
        raw = to_bytes(container)
        start, end, _ = _bounds(bounds, len(raw), len(raw))
        return from_bytes(raw[start:end])
    if kind != "list":
        raise ValueError(f"cannot slice {noun(container)}")
    whole = container if isinstance(container, Slice) else Slice(container, ())
    start, end, capacity = _bounds(bounds, len(whole), len(whole) + len(whole.room))
    return whole.part(start, end, capacity)


def _bounds(bounds: tuple[Any, ...], size: int, capacity: int) -> tuple[int, int, int | None]:
    start, end, *last = [_place(bound, capacity) for bound in bounds] + [0, size][len(bounds) :]
    if not start <= end <= (last[0] if last else capacity):
        raise ValueError("slice bounds are out of order")
    return start, end, last[0] if last else None


def length(value: Any) -> int:
    """Count the bytes of a text, the items of a list or a map."""
    if kind_of(value) == "text":
        return len(to_bytes(value))
    if isinstance(value, Mapping) or kind_of(value) == "list":
        return len(value)
    raise ValueError(f"{noun(value)} has no length")
