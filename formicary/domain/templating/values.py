"""The values of templates: which Go type each has, and texts as the bytes that Go sees.

A text with bytes that are no UTF-8 holds them as Python's surrogate escapes do.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

_ESCAPED = re.compile("[\udc80-\udcff]")
_NOT_UNICODE = re.compile("[\ud800-\udfff]")


class Missing:
    """What has no value; `name` tells the variable that a user wrote, "" when there is none."""

    __slots__ = ("column", "line", "name")

    def __init__(self, name: str = "", line: int = 0, column: int = 0) -> None:
        """Take the name and where it stands in the template."""
        self.name = name
        self.line = line
        self.column = column

    def __bool__(self) -> bool:
        """Count as false."""
        return False


NOTHING = Missing()


class Byte(int):
    """What indexing a text gives: Go's uint8."""

    __slots__ = ()


class Slice(list[Any]):
    """A list as Go's decoder of JSON makes it, with room behind its end that slicing can reach."""

    __slots__ = ("room",)

    def __init__(self, items: Sequence[Any], room: Sequence[Any] | None = None) -> None:
        """Take the items and what lies behind them; without that, the room that Go leaves."""
        super().__init__(items)
        spare = (1 << (len(items) - 1).bit_length()) - len(items) if 0 < len(items) <= 512 else 0
        self.room: Sequence[Any] = [None] * spare if room is None else room

    def part(self, start: int, end: int, capacity: int | None = None) -> "Slice":
        """Return a part; its end may lie beyond ours, within the room."""
        whole = [*self, *self.room]
        last = len(whole) if capacity is None else capacity
        return Slice(whole[start:end], whole[end:last])


def is_map(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value is a map for templates."""
    return type(value) is dict or isinstance(value, Mapping)


def is_list(value: Any) -> bool:
    """Whether a value is a list for templates (a text is not)."""
    if type(value) is list:
        return True
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


_KINDS: dict[type, str] = {
    type(None): "nil",
    Missing: "nil",
    bool: "bool",
    int: "int",
    float: "float",
    complex: "complex",
    str: "text",
    dict: "map",
    Mapping: "map",
    Sequence: "list",
}


def kind_of(value: Any) -> str:
    """Return the kind that decides what may be compared, indexed and counted."""
    kind = _KINDS.get(type(value))
    if kind is None:
        kind = next((kind for base, kind in _KINDS.items() if isinstance(value, base)), "text")
    return kind


_TYPE_NAMES = {
    "nil": "<nil>",
    "bool": "bool",
    "int": "int",
    "float": "float64",
    "complex": "complex128",
    "map": "map[string]interface {}",
    "list": "[]interface {}",
    "text": "string",
}


def type_name(value: Any) -> str:
    """Return the name of a value's type as Go writes it."""
    return "uint8" if isinstance(value, Byte) else _TYPE_NAMES[kind_of(value)]


def truth(value: Any) -> bool:
    """Whether Go takes a value for true: not false, 0, nil or empty."""
    return bool(value)


def to_bytes(text: str) -> bytes:
    """Return the bytes of a text; UnicodeEncodeError (a ValueError) when it is none."""
    return str(text).encode("utf-8", "surrogateescape")


def from_bytes(raw: bytes) -> str:
    """Return the text of bytes, whatever they are."""
    return raw.decode("utf-8", "surrogateescape")


def joined(pieces: Sequence[str]) -> str:
    """Join texts; bytes at their ends may make up a character together."""
    text = "".join(pieces)
    if text.isascii() or not _ESCAPED.search(text):
        return text
    return from_bytes(to_bytes(text))


def readable(text: str) -> str:
    """Put a replacement character in the place of what is no Unicode."""
    return text if text.isascii() else _NOT_UNICODE.sub("\ufffd", text)


def sort_key(key: Any) -> bytes:
    """Return what maps are ordered by: the bytes of the key."""
    return str(key).encode("utf-8", "surrogatepass")
