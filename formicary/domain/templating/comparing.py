"""Which values equal and which come first, by Go's rules for each pair of types."""

import json
from typing import Any

from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.values import kind_of, to_bytes

_NOUNS = {
    "nil": "a missing value",
    "bool": "a truth value",
    "map": "a map",
    "list": "a list",
    "complex": "a complex number",
}


def equal(dialect: Dialect, first: Any, *others: Any) -> bool:
    """Whether the first value equals any of the others."""
    return any(_same(dialect, first, other) for other in others)


def less(dialect: Dialect, one: Any, other: Any) -> bool:
    """Whether a value comes before another."""
    kind = _common_kind(dialect, one, other)
    if kind not in ("int", "float", "text"):
        raise ValueError(f"{noun(one)} is compared with {noun(other)}: neither comes first")
    if kind == "text":
        return to_bytes(one) < to_bytes(other)
    return bool(one < other)


def less_or_equal(dialect: Dialect, one: Any, other: Any) -> bool:
    """Whether a value comes before another or equals it."""
    return less(dialect, one, other) or _same(dialect, one, other)


def _same(dialect: Dialect, one: Any, other: Any) -> bool:
    if "nil" in (kind_of(one), kind_of(other)):
        return kind_of(one) == kind_of(other)
    kind = _common_kind(dialect, one, other)
    if kind in ("list", "map"):
        raise ValueError(f"{noun(one)} cannot be compared")
    return bool(one == other)


def _common_kind(dialect: Dialect, one: Any, other: Any) -> str:
    kinds = {kind_of(one), kind_of(other)}
    if len(kinds) == 1:
        return kinds.pop()
    if dialect is Dialect.JOB and kinds == {"int", "float"}:
        return "float"
    hint = " (write 3.0 for 3: numbers in JSON are floats)" if kinds == {"int", "float"} else ""
    raise ValueError(f"{noun(one)} is compared with {noun(other)}{hint}")


def noun(value: Any) -> str:
    """Name a value in a message."""
    kind = kind_of(value)
    if kind in _NOUNS:
        return _NOUNS[kind]
    if kind == "text":
        return f"the text {json.dumps(str(value)[:40], ensure_ascii=False)}"
    return f"the {'whole number' if kind == 'int' else 'number'} {str(value)[:40]}"
