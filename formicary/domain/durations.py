"""Durations as Go writes them (`1h30m`, `500ms`), or a bare number of seconds."""

import math
import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_MAX_LENGTH = 40
MAX_SECONDS = 10 * 366 * 86_400.0


def parse_duration(value: object) -> float:
    """Return the seconds of a duration; ValueError tells what is wrong with it."""
    text = str(value).strip()
    if isinstance(value, bool) or not text or len(text) > _MAX_LENGTH:
        raise ValueError(f"{text[:_MAX_LENGTH]!r} is not a duration")
    if text.startswith("-"):
        raise ValueError(f"{text!r} is below zero")
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    elif _WHOLE.fullmatch(text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    else:
        raise ValueError(f"{text!r} is not a duration")
    if not math.isfinite(seconds) or seconds > MAX_SECONDS:
        raise ValueError(f"{text!r} is longer than ten years")
    return seconds
