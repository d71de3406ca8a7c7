"""Quotes texts and reads quoted ones as Go's strconv does."""

import re

from formicary.domain.templating.values import from_bytes, readable

_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<o>[0-7]{3})|(?P<c>[abfnrtv\\'\"]))"
)
_SIMPLE = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))
_WRITTEN = {value: f"\\{name}" for name, value in _SIMPLE.items() if name not in "'\""}
_LAST_CHARACTER = 0x10FFFF


def unquote(token: str) -> str:
    """Return the text of a token in double quotes or backquotes; ValueError when it is none."""
    if token[0] == "`":
        return token[1:-1].replace("\r", "")
    pieces: list[bytes] = []
    offset, body = 0, readable(token[1:-1])
    while offset < len(body):
        end = body.find("\\", offset)
        end = len(body) if end < 0 else end
        pieces.append(body[offset:end].encode())
        offset = end
        if offset < len(body):
            value, is_byte, offset = _unescape(body, offset, '"')
            pieces.append(bytes([value]) if is_byte else chr(value).encode())
    return from_bytes(b"".join(pieces))


def unquote_character(token: str) -> int:
    """Return the number of a character in single quotes; ValueError when it is not just one."""
    body = readable(token[1:])
    if body[0] == "\\":
        value, _, end = _unescape(body, 0, "'")
    else:
        value, end = ord(body[0]), 1
    if body[0] == "'" or body[end:] != "'":
        raise ValueError(token)
    return value


def _unescape(body: str, offset: int, quote: str) -> tuple[int, bool, int]:
    """Return the number that an escape stands for, whether it is a byte, and where it ends."""
    found = _ESCAPE.match(body, offset)
    if found is None:
        raise ValueError(body)
    if simple := found["c"]:
        if simple in "'\"" and simple != quote:
            raise ValueError(body)
        return ord(_SIMPLE[simple]), False, found.end()
    if found["o"] or found["x"]:
        value = int(found["o"], 8) if found["o"] else int(found["x"], 16)
        if value > 255:
            raise ValueError(body)
        return value, True, found.end()
    value = int(found["u"] or found["U"], 16)
    if not _is_character(value):
        raise ValueError(body)
    return value, False, found.end()


def quote(text: str, *, ascii_only: bool = False) -> str:
    """Return a text in double quotes."""
    return '"' + "".join(_written(character, '"', ascii_only) for character in text) + '"'


def quote_character(number: int, *, ascii_only: bool = False) -> str:
    """Return a character in single quotes."""
    character = character_of(number)
    return f"'{_written(character, chr(39), ascii_only)}'"


def character_of(number: int) -> str:
    """Return the character of a number, the replacement character when there is none."""
    return chr(number) if _is_character(number) else "\ufffd"


def can_backquote(text: str) -> bool:
    """Whether a text can stand between backquotes unchanged."""
    return not re.search("[\x00-\x08\x0a-\x1f`\x7f\ufeff\udc80-\udcff]", text)


def _is_character(number: int) -> bool:
    return 0 <= number <= _LAST_CHARACTER and not 0xD800 <= number < 0xE000


def _written(character: str, quote_mark: str, ascii_only: bool) -> str:
    if character in (quote_mark, "\\"):
        return f"\\{character}"
    if character.isprintable() and (character.isascii() or not ascii_only):
        return character
    if character in _WRITTEN:
        return _WRITTEN[character]
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x20 or number == 0x7F:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
