"""Reads JSON into the values that Go's encoding/json gives a template: every number is a float."""

import json
import math
from typing import Any

from formicary.domain.errors import InvalidRequestError
from formicary.domain.templating.values import Slice, from_bytes, readable

MAX_NESTING = 100


class DataError(InvalidRequestError):
    """The data are not valid JSON."""

    code = "ERR_DATA"


def read_json(raw: bytes) -> Any:
    """Return the value; DataError tells what is wrong and where."""
    try:
        value = json.loads(
            readable(from_bytes(raw)),
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"{place}: {error.msg}", line=error.lineno, column=error.colno) from error
    except RecursionError:
        raise _too_deep() from None
    return _as_go(value, 0)


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise DataError(f"the number {text[:40]} is too large")
    return value


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
