"""Items as DynamoDB writes them, their size by its rules, and values packed small.

Values are text, whole numbers, booleans, bytes and maps of these; all else is packed as JSON.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

# Short JSON stays readable in a console; longer is compressed: writes are paid by the kilobyte.
_READABLE_BYTES = 600
_LEVEL = 6


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item in the form of the wire; fields that are None are left out."""
    return {name: _wire(value) for name, value in item.items() if value is not None}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `marshal` was given."""
    return {name: _plain(value) for name, value in item.items()}


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes that DynamoDB counts for an item in the form of the wire.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def pack(value: Any) -> str | bytes:
    """Write a JSON value as text, or compressed where that saves much."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can name it, UTF-8 cannot
        text = json.dumps(value, separators=(",", ":"))
        raw = text.encode()
    if len(raw) <= _READABLE_BYTES:
        return text
    small = zlib.compress(raw, _LEVEL)
    return small if len(small) < len(raw) else text


def unpack(packed: str | bytes) -> Any:
    """Read what `pack` wrote."""
    return json.loads(zlib.decompress(packed) if isinstance(packed, bytes) else packed)


def _wire(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, str):
        # An id from a user may hold what UTF-8 cannot; such an id names nothing.
        return {"S": value.encode(errors="backslashreplace").decode()}
    return {"M": marshal(value)}


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "M":
        return unmarshal(content)
    return bytes(content) if kind == "B" else content


def _value_size(value: Mapping[str, Any]) -> int:
    kind: str
    content: Any
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "B":
        return len(content)
    if kind == "N":
        return (len(content.lstrip("-")) + 1) // 2 + 1 + int(content.startswith("-"))
    if kind == "M":
        return 3 + sum(len(name.encode()) + _value_size(v) + 1 for name, v in content.items())
    return 1
