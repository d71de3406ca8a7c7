"""The functions that templates may call: those of Go's text/template and the article's, all pure.

Functions that the evaluator must treat itself (`and`, `or`: they stop early; `Random`: it needs the
attempt's nonce) stand here with their number of arguments only.
"""

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from formicary.domain.templating.printing import is_list, printf, to_text

MAX_ITERATE = 10_000
_MANY = 64


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes; `tolerant` ones may be given a missing value."""

    call: Callable[..., Any]
    least: int
    most: int
    tolerant: bool = False


def truth(value: Any) -> bool:
    """Whether Go takes a value for true: not false, 0, nil or empty."""
    return bool(value)


def equal(first: Any, *others: Any) -> bool:
    """Whether the first value equals any of the others."""
    return any(_same(first, other) for other in others)


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    if _kind(one) != _kind(other):
        raise ValueError(f"{_noun(one)} is compared with {_noun(other)}")
    return bool(one == other)


def _compare(one: Any, other: Any) -> int:
    kind = _kind(one)
    if kind != _kind(other) or kind not in ("number", "text"):
        raise ValueError(f"{_noun(one)} is compared with {_noun(other)}")
    return int(one > other) - int(one < other)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "truth value"
        case int() | float():
            return "number"
        case str():
            return "text"
        case None:
            return "missing value"
    return "map" if isinstance(value, Mapping) else "list"


def _noun(value: Any) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return f"the {_kind(value)} {json.dumps(value)[:40]}"
    return f"a {_kind(value)}"


def index(container: Any, *keys: Any) -> Any:
    """Look up keys one in the other; a map gives nil for a missing one, a list an error."""
    for key in keys:
        if isinstance(container, Mapping):
            container = container.get(key)
        elif is_list(container) or isinstance(container, str):
            container = _item(container, key)
        else:
            raise ValueError(f"cannot index {_noun(container)}")
    return container


def _item(container: Any, key: Any) -> Any:
    if type(key) is not int:
        raise ValueError(f"cannot index a {_kind(container)} with {_noun(key)}")
    if not 0 <= key < len(container):
        raise ValueError(f"index {key} is out of range (there are {len(container)})")
    return ord(container[key]) if isinstance(container, str) else container[key]


def _slice(container: Any, *bounds: Any) -> Any:
    if not (isinstance(container, str) or is_list(container)):
        raise ValueError(f"cannot slice {_noun(container)}")
    start, end = [*bounds, None, None][:2] if bounds else (0, None)
    start, end = start or 0, len(container) if end is None else end
    if not (type(start) is type(end) is int and 0 <= start <= end <= len(container)):
        raise ValueError("slice bounds are out of range")
    return container[start:end]


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping) or is_list(value):
        return len(value)
    raise ValueError(f"{_noun(value)} has no length")


def _print(*values: Any) -> str:
    """Join as Go's Sprint: a space between two values when neither is a text."""
    text = ""
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            text += " "
        text += to_text(value, nested=True)
    return text


def _default(fallback: Any, value: Any = None) -> Any:
    return value if truth(value) else fallback


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{_noun(value)} is not a whole number") from None


def _iterate(count: Any) -> list[int]:
    if _whole(count) > MAX_ITERATE:
        raise ValueError(f"Iterate goes up to {MAX_ITERATE}")
    return list(range(_whole(count)))


def _dict(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        raise ValueError("Dict takes names and values in turn")
    return {to_text(name): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _replace(old: Any, new: Any, text: Any) -> str:
    old, new, text = to_text(old), to_text(new), to_text(text)
    if len(text) + text.count(old) * len(new) > 2**20:
        raise ValueError("the text grows over 1 MiB")
    return str(text.replace(old, new))


def _escape_js(value: Any) -> str:
    escaped = json.dumps(to_text(value), ensure_ascii=False)[1:-1]
    for character, code in (("'", "\\'"), ("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026")):
        escaped = escaped.replace(character, code)
    return escaped.replace("=", "\\u003D")


def _words(call: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function its arguments as text."""
    return lambda *values: call(*(to_text(value) for value in values))


def _escape_html(text: str) -> str:
    return html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


FUNCTIONS: dict[str, Function] = {
    "and": Function(truth, 1, _MANY, tolerant=True),
    "or": Function(truth, 1, _MANY, tolerant=True),
    "not": Function(lambda value: not truth(value), 1, 1, tolerant=True),
    "eq": Function(equal, 2, _MANY),
    "ne": Function(lambda one, other: not equal(one, other), 2, 2),
    "lt": Function(lambda one, other: _compare(one, other) < 0, 2, 2),
    "le": Function(lambda one, other: _compare(one, other) <= 0, 2, 2),
    "gt": Function(lambda one, other: _compare(one, other) > 0, 2, 2),
    "ge": Function(lambda one, other: _compare(one, other) >= 0, 2, 2),
    "index": Function(index, 1, _MANY),
    "slice": Function(_slice, 1, 4),
    "len": Function(_length, 1, 1),
    "print": Function(_print, 0, _MANY),
    "println": Function(
        lambda *values: " ".join(to_text(value, nested=True) for value in values) + "\n", 0, _MANY
    ),
    "printf": Function(printf, 1, _MANY),
    "html": Function(_words(lambda *texts: _escape_html("".join(texts))), 1, _MANY),
    "js": Function(_escape_js, 1, 1),
    "urlquery": Function(_words(lambda *texts: quote_plus("".join(texts))), 1, _MANY),
    "default": Function(_default, 1, 2, tolerant=True),
    "trimPrefix": Function(_words(lambda prefix, text: text.removeprefix(prefix)), 2, 2),
    "trimSuffix": Function(_words(lambda suffix, text: text.removesuffix(suffix)), 2, 2),
    "hasPrefix": Function(_words(lambda prefix, text: text.startswith(prefix)), 2, 2),
    "hasSuffix": Function(_words(lambda suffix, text: text.endswith(suffix)), 2, 2),
    "lower": Function(_words(str.lower), 1, 1),
    "upper": Function(_words(str.upper), 1, 1),
    "contains": Function(_words(lambda part, text: part in text), 2, 2),
    "replace": Function(_replace, 3, 3),
    "Unescape": Function(_words(html.unescape), 1, 1),
    "Add": Function(lambda one, other: _whole(one) + _whole(other), 2, 2),
    "Iterate": Function(_iterate, 1, 1),
    "Dict": Function(_dict, 0, _MANY),
    "Random": Function(lambda: 0, 2, 2),
}
