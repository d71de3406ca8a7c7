"""Writes values as Go's fmt package does."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

NO_VALUE = "<no value>"
_MAX_WIDTH = 10_000
_VERB = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\d+)?(?:\.(?P<precision>\d+)?(?P<dot>))?(?P<verb>.)", re.DOTALL
)


def is_list(value: Any) -> bool:
    """Whether a value is a list for templates (a text is not)."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def to_text(value: Any, *, nested: bool = False) -> str:
    """Write a value as `{{.Value}}` shows it."""
    if value is None:
        return "<nil>" if nested else NO_VALUE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        pairs = sorted((str(key), item) for key, item in value.items())
        words = (f"{key}:{to_text(item, nested=True)}" for key, item in pairs)
        return f"map[{' '.join(words)}]"
    if is_list(value):
        return f"[{' '.join(to_text(item, nested=True) for item in value)}]"
    return str(value)


def float_text(value: float) -> str:
    """Write a float by Go's %v: the shortest text, an exponent below 1e-4 and from 1e21 on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    mantissa, _, exponent = f"{value:e}".partition("e")
    shortest = repr(value)
    if value == 0 or -4 <= int(exponent) < 21:
        plain = f"{value:.0f}" if value == int(value) else shortest
        return plain if "e" not in plain else f"{value:.10f}".rstrip("0")
    digits = shortest.partition("e")[0] if "e" in shortest else mantissa.rstrip("0").rstrip(".")
    digits = digits.removesuffix(".0")
    return f"{digits}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent)):02d}"


def printf(form: str, *values: Any) -> str:
    """Format by the verbs v s d q t f e g x X o b c T, with flags, width and precision."""
    rest = list(values)

    def one(found: re.Match[str]) -> str:
        if found["verb"] == "%":
            return "%"
        if not rest:
            return f"%!{found['verb']}(MISSING)"
        return _padded(found, rest.pop(0))

    text = _VERB.sub(one, str(form))
    if rest:
        extra = ", ".join(f"{_type_name(value)}={to_text(value, nested=True)}" for value in rest)
        text += f"%!(EXTRA {extra})"
    return text


def _padded(found: re.Match[str], value: Any) -> str:
    width, precision = int(found["width"] or 0), found["precision"]
    if max(width, int(precision or 0)) > _MAX_WIDTH:
        raise ValueError("printf pads to more than 10,000 characters")
    places = int(precision or 0) if found["dot"] is not None else None
    write = _VERBS.get(found["verb"])
    try:
        text = write(value, places) if write else None
    except (TypeError, ValueError, OverflowError):
        text = None
    if text is None:
        return f"%!{found['verb']}({_type_name(value)}={to_text(value, nested=True)})"
    return _filled(text, found["flags"], width, isinstance(value, int | float))


def _filled(text: str, flags: str, width: int, number: bool) -> str:
    if "+" in flags and number and text[:1] not in "+-":
        text = f"+{text}"
    if "-" in flags:
        return text.ljust(width)
    return text.zfill(width) if "0" in flags else text.rjust(width)


def _type_name(value: Any) -> str:
    names: dict[type, str] = {bool: "bool", int: "int", float: "float64", str: "string"}
    if value is None:
        return "<nil>"
    return names.get(
        type(value), "map[string]interface {}" if isinstance(value, Mapping) else "[]interface {}"
    )


def _integer(base: str) -> Callable[[Any, int | None], str | None]:
    def write(value: Any, _places: int | None) -> str | None:
        return format(value, base) if type(value) is int else None

    return write


def _real(verb: str) -> Callable[[Any, int | None], str | None]:
    def write(value: Any, places: int | None) -> str | None:
        if type(value) is not float:
            return None
        if verb == "g" and places is None:
            return float_text(value)
        return format(value, f".{6 if places is None else places}{verb}")

    return write


def _hexadecimal(verb: str) -> Callable[[Any, int | None], str | None]:
    def write(value: Any, _places: int | None) -> str | None:
        if isinstance(value, str):
            text = value.encode().hex()
            return text.upper() if verb == "X" else text
        return format(value, verb) if type(value) is int else None

    return write


def _string(value: Any, places: int | None) -> str | None:
    if isinstance(value, bool | int | float) or value is None:
        return None
    return to_text(value)[:places]


def _quoted(value: Any, _places: int | None) -> str | None:
    if type(value) is int:
        return f"'{chr(value)}'"
    return json.dumps(to_text(value), ensure_ascii=False) if isinstance(value, str) else None


_VERBS: dict[str, Callable[[Any, int | None], str | None]] = {
    "v": lambda value, places: to_text(value, nested=True)[:places],
    "s": _string,
    "q": _quoted,
    "d": _integer("d"),
    "b": _integer("b"),
    "o": _integer("o"),
    "c": lambda value, _places: chr(value) if type(value) is int else None,
    "x": _hexadecimal("x"),
    "X": _hexadecimal("X"),
    "t": lambda value, _places: to_text(value) if type(value) is bool else None,
    "f": _real("f"),
    "e": _real("e"),
    "g": _real("g"),
    "T": lambda value, _places: _type_name(value),
}
