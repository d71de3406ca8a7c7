"""Writes floats as Go's strconv does, by the verbs b e f g x and their capitals."""

import math
from typing import NamedTuple

_MOST_DIGITS = 1100  # no double has more that are not zero
_MANTISSA_BITS = 52
_ONE = 1 << 60


class _Digits(NamedTuple):
    """The decimal digits of a number, without zeros at the end, and where the point stands."""

    digits: str
    point: int


def float_text(value: float, verb: str, precision: int | None) -> str:
    """Write a float; without a precision, as few digits as tell it from all others."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    return sign + _unsigned(abs(value), verb, precision)


def _unsigned(value: float, verb: str, precision: int | None) -> str:
    if verb == "b":
        return _with_binary_exponent(value)
    if verb in "xX":
        return _hexadecimal(value, verb, precision)
    if verb in "gG":
        return _general(value, "e" if verb == "g" else "E", precision)
    places = None if precision is None else min(precision, _MOST_DIGITS)
    digits = _digits(value, places, fixed=verb == "f")
    if verb == "f":
        shown = max(len(digits.digits) - digits.point, 0) if precision is None else precision
        return _plain(digits, shown)
    shown = max(len(digits.digits) - 1, 0) if precision is None else precision
    return _scientific(digits, shown, verb)


def _digits(value: float, places: int | None, *, fixed: bool) -> _Digits:
    """Return the digits, rounded to places after the point (`fixed`) or after the first digit."""
    if places is None:
        text = repr(value)
        mantissa, _, exponent = text.partition("e")
    else:
        mantissa, _, exponent = f"{value:.{places}{'f' if fixed else 'e'}}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    return _Digits(digits, point if digits else 0)


def _general(value: float, letter: str, precision: int | None) -> str:
    if precision is None:
        digits = _digits(value, None, fixed=False)
        shown, limit = len(digits.digits), 6
    else:
        shown = limit = precision or 1
        digits = _digits(value, min(shown - 1, _MOST_DIGITS), fixed=False)
        if limit > len(digits.digits) >= digits.point:
            limit = len(digits.digits)
    exponent = digits.point - 1
    if exponent < -4 or exponent >= limit:
        return _scientific(digits, min(shown, len(digits.digits)) - 1, letter)
    return _plain(digits, max(len(digits.digits) - digits.point, 0))


def _scientific(digits: _Digits, places: int, letter: str) -> str:
    text = digits.digits or "0"
    exponent = digits.point - 1 if digits.digits else 0
    fraction = f".{text[1 : places + 1].ljust(places, '0')}" if places > 0 else ""
    return f"{text[0]}{fraction}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _plain(digits: _Digits, places: int) -> str:
    text, point = digits
    whole = text[:point].ljust(point, "0") if point > 0 else "0"
    if places <= 0:
        return whole
    fraction = text[point:] if point > 0 else "0" * -point + text
    return f"{whole}.{fraction[:places].ljust(places, '0')}"


def _binary(value: float) -> tuple[int, int]:
    """Return mantissa and exponent as IEEE 754 stores them, the mantissa as a whole number."""
    if value == 0:
        return 0, -1074
    fraction, exponent = math.frexp(value)
    shift = max(exponent - _MANTISSA_BITS - 1, -1074)
    return int(math.ldexp(fraction, exponent - shift)), shift


def _with_binary_exponent(value: float) -> str:
    mantissa, exponent = _binary(value)
    return f"{mantissa}p{exponent:+d}"


def _hexadecimal(value: float, verb: str, precision: int | None) -> str:
    mantissa, exponent = _binary(value)
    exponent = exponent + _MANTISSA_BITS if mantissa else 0
    mantissa <<= 60 - _MANTISSA_BITS
    while mantissa and not mantissa & _ONE:
        mantissa <<= 1
        exponent -= 1
    if precision is not None and precision < 15:
        mantissa, exponent = _rounded(mantissa, exponent, precision * 4)
    fraction = f"{mantissa & (_ONE - 1):015x}"
    fraction = (
        fraction.rstrip("0") if precision is None else fraction[:precision].ljust(precision, "0")
    )
    point = "." if fraction else ""
    text = (
        f"0x{mantissa >> 60 & 1}{point}{fraction}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    )
    return text.upper() if verb == "X" else text


def _rounded(mantissa: int, exponent: int, bits: int) -> tuple[int, int]:
    extra = (mantissa << bits) & (_ONE - 1)
    mantissa >>= 60 - bits
    if extra | (mantissa & 1) > _ONE >> 1:
        mantissa += 1
    mantissa <<= 60 - bits
    return (mantissa >> 1, exponent + 1) if mantissa & (_ONE << 1) else (mantissa, exponent)
