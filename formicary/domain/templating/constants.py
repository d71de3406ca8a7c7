"""Reads the numbers that templates name, with Go's rules for bases, underscores and limits."""

import math
import re

from formicary.domain.templating.quoting import unquote_character

_DIGITS = {"": "0123456789_", "x": "0123456789abcdefABCDEF_", "o": "01234567_", "b": "01_"}
_LEAST, MOST, _UNSIGNED_MOST = -(2**63), 2**63 - 1, 2**64 - 1
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|0[0-7_]*|[1-9][0-9_]*)")
_DECIMAL = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX](?=_?[0-9a-fA-F.])[0-9a-fA-F_]*\.?[0-9a-fA-F_]*[pP][+-]?\d+")
_BAD_UNDERSCORE = re.compile(r"(?<![0-9a-fA-FxXoObB])_|_(?![0-9a-fA-F])")
_PREFIX = re.compile(r"[+-]?0[xXoObB]")
_PAIR = re.compile(r"(?P<real>[+-]?[^+-]+(?:[eEpP][+-][^+-]+)?)(?P<imaginary>[+-].+)i")
MAX_LENGTH = 400


def scan_number(text: str, start: int) -> int:
    """Return where a number ends that begins at an offset, -1 when its syntax is bad."""
    end = _scan(text, start)
    if end >= 0 and end < len(text) and text[end] in "+-":
        end = _scan(text, end)
        return end if end > 0 and text[end - 1] == "i" else -1
    return end


def _scan(text: str, offset: int) -> int:
    offset = _accept(text, offset, "+-")
    base = ""
    if text[offset : offset + 1] == "0":
        offset += 1
        following = text[offset : offset + 1].lower()
        if following and following in "xob":
            base = following
            offset += 1
    offset = _accept_run(text, offset, _DIGITS[base])
    if text[offset : offset + 1] == ".":
        offset = _accept_run(text, offset + 1, _DIGITS[base])
    exponent = {"": "eE", "x": "pP"}.get(base, "")
    if exponent and (after := _accept(text, offset, exponent)) > offset:
        offset = _accept_run(text, _accept(text, after, "+-"), _DIGITS[""])
    offset = _accept(text, offset, "i")
    return -1 if is_word_character(text[offset : offset + 1]) else offset


def is_word_character(character: str) -> bool:
    """Whether a character can stand in a name: a letter, a decimal digit or an underscore."""
    return character == "_" or character.isalpha() or character.isdecimal()


def _accept(text: str, offset: int, valid: str) -> int:
    return offset + 1 if offset < len(text) and text[offset] in valid else offset


def _accept_run(text: str, offset: int, valid: str) -> int:
    while offset < len(text) and text[offset] in valid:
        offset += 1
    return offset


def read_number(text: str) -> int | float | complex:
    """Return the value of a number or a character in quotes; ValueError says what is wrong."""
    if text[0] == "'":
        return unquote_character(text)
    if len(text) > MAX_LENGTH:
        raise ValueError("the number is too long")
    if text[-1] == "i":
        return _complex(text)
    whole = _whole(text)
    if whole is not None:
        return _as_written(text, whole)
    real = _real(text)
    if not set(text) & set(".eEpP"):
        raise ValueError(f"{text} does not fit in 64 bits")
    return real


def _as_written(text: str, whole: int) -> int | float:
    """Return an integer, or a float where Go takes the letter e of a signed number for one."""
    return float(whole) if text[:2].lower() != "0x" and set(text) & set("eEpP") else whole


def _whole(text: str) -> int | None:
    if not _INTEGER.fullmatch(text) or not _underscores_fit(text):
        return None
    bare = text.replace("_", "")
    prefixed = _PREFIX.match(text) or not bare.lstrip("+-").startswith("0")
    value = int(bare, 0) if prefixed else int(bare, 8)
    signed = text[0] in "+-"
    return value if _LEAST <= value <= (MOST if signed else _UNSIGNED_MOST) else None


def _real(text: str) -> float:
    bare = text.replace("_", "")
    if not _underscores_fit(text):
        raise ValueError(f"{text} is not a number")
    if _HEXADECIMAL.fullmatch(text):
        value = float.fromhex(bare)
    elif _DECIMAL.fullmatch(text):
        value = float(bare)
    else:
        raise ValueError(f"{text} is not a number")
    if math.isinf(value):
        raise ValueError(f"{text} is too large")
    return value


def _underscores_fit(text: str) -> bool:
    return not _BAD_UNDERSCORE.search(text)


def _complex(text: str) -> complex:
    if pair := _PAIR.fullmatch(text):
        return complex(_real(pair["real"]), _real(pair["imaginary"]))
    return complex(0, _real(text[:-1]))
