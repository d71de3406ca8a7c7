"""Reads JSON into the values that Go's encoding/json gives a template: all numbers are floats."""

import json
import math
from typing import Any

from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.values import Slice, from_bytes, readable

MAX_NESTING = 100
MAX_DIGITS = 400


class DataError(ValueError):
    """The data are not valid JSON."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        """Take what is wrong and its place, 0 when it has none."""
        super().__init__(message)
        self.line = line
        self.column = column


def read_json(raw: bytes, dialect: Dialect = Dialect.GO) -> Any:
    """Return the value; DataError tells what is wrong and where.

    In the dialect of jobs whole numbers stay whole.
    """
    text = readable(from_bytes(raw))
    whole = _number if dialect is Dialect.GO else _whole
    try:
        value = json.loads(text, parse_int=whole, parse_float=_number, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        message = f"this is not valid JSON: {error.msg}"
        raise DataError(message, error.lineno, error.colno) from error
    except RecursionError:
        raise _too_deep() from None
    return _as_go(value, 0)


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise DataError(f"the number {text[:40]} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise DataError(f"the number {text[:40]} is too large")
    return int(text)


def _refuse(name: str) -> Any:
    raise DataError(f"{name} is not valid JSON")


def _too_deep() -> DataError:
    return DataError(f"the data are nested more than {MAX_NESTING} deep")


def _as_go(value: Any, depth: int) -> Any:
    if depth > MAX_NESTING:
        raise _too_deep()
    match value:
        case str():
            return readable(value)
        case dict():
            return {readable(key): _as_go(item, depth + 1) for key, item in value.items()}
        case list():
            return Slice([_as_go(item, depth + 1) for item in value])
    return value
