"""The functions that a job's templates may call beside Go's own, all without side effects."""

import html
from collections.abc import Callable
from typing import Any

from formicary.domain.templating.comparing import noun
from formicary.domain.templating.printing import to_text
from formicary.domain.templating.values import kind_of, truth

MAX_ITERATE = 10_000
MAX_TEXT = 1024 * 1024
_MOST = 2**63


def default(fallback: Any, value: Any = None) -> Any:
    """Return the value, or the fallback for one that is missing, empty or zero."""
    return value if truth(value) else fallback


def add(one: Any, other: Any) -> int:
    """Add two whole numbers; texts that hold one count as well."""
    total = _whole(one) + _whole(other)
    if not -_MOST <= total < _MOST:
        raise ValueError("the sum does not fit in 64 bits")
    return total


def atoi(text: Any) -> int:
    """Read a whole number out of a text."""
    return _whole(to_text(text))


def atof(text: Any) -> float:
    """Read a number out of a text."""
    try:
        return float(to_text(text))
    except ValueError:
        raise ValueError(f"{noun(text)} is not a number") from None


def iterate(count: Any) -> list[int]:
    """Return the numbers from 0 up to a count."""
    most = _whole(count)
    if most > MAX_ITERATE:
        raise ValueError(f"Iterate goes up to {MAX_ITERATE}")
    return list(range(most))


def dictionary(*pairs: Any) -> dict[str, Any]:
    """Make a map of names and values in turn."""
    if len(pairs) % 2:
        raise ValueError("Dict takes names and values in turn")
    return {to_text(name): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}


def replace(old: Any, new: Any, text: Any) -> str:
    """Put a text in the place of another one, wherever it stands."""
    old, new, text = to_text(old), to_text(new), to_text(text)
    if len(text) + text.count(old) * len(new) > MAX_TEXT:
        raise ValueError("the text grows over 1 MiB")
    return str(text.replace(old, new))


def on_texts(call: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function its arguments as text."""
    return lambda *values: call(*(to_text(value) for value in values))


trim_prefix = on_texts(lambda prefix, text: text.removeprefix(prefix))
trim_suffix = on_texts(lambda suffix, text: text.removesuffix(suffix))
has_prefix = on_texts(lambda prefix, text: text.startswith(prefix))
has_suffix = on_texts(lambda suffix, text: text.endswith(suffix))
lower = on_texts(str.lower)
upper = on_texts(str.upper)
contains = on_texts(lambda part, text: part in text)
unescape = on_texts(html.unescape)


def _whole(value: Any) -> int:
    if kind_of(value) not in ("int", "float", "text"):
        raise ValueError(f"{noun(value)} is not a whole number")
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{noun(value)} is not a whole number") from None
