"""Dataclasses as lists of their fields, trailing defaults cut: `["build",2,"executing"]`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from formicary.adapters.run_summary import time_text

T = TypeVar("T")


def to_row(record: Any) -> list[Any]:
    """Return the values of a dataclass in the order of its fields."""
    fields = dataclasses.fields(record)
    row = [_plain(getattr(record, field.name)) for field in fields]
    while row and row[-1] == _plain(fields[len(row) - 1].default):
        row.pop()
    return row


def from_row(kind: type[T], row: Sequence[Any]) -> T:
    """Return the dataclass that a row was made of."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type] # a dataclass
    adapter: TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type] # a class is hashable
    record: T = adapter.validate_python(dict(zip(names, row, strict=False)))
    return record


def _plain(value: Any) -> Any:
    return time_text(value) if isinstance(value, datetime) else value


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
