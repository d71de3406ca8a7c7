"""Cuts the inside of an action into tokens, as Go's text/template does."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.scanner import Action

_MAX_NUMBER_LENGTH = 64
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>/\*.*?\*/)
    |(?P<string>"(?:\\.|[^"\\\n])*+")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:\\.[^']*|[^'\\\n])')
    |(?P<field>\.[^\W\d]\w*)
    |(?P<number>[+-]?(?:0[xXbBoO][0-9a-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?)(?!\w))
    |(?P<dot>\.)
    |(?P<variable>\$\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<left>\()|(?P<right>\))|(?P<comma>,)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<o>[0-7]{3})|(?P<c>.))",
    re.DOTALL,
)
_SIMPLE_ESCAPES = dict(zip("abfnrtv\\\"'", "\a\b\f\n\r\t\v\\\"'", strict=True))
_DASHED_NAME = re.compile(r"\.([\w.]*\w(?:-\w+)+)")


class Kind(StrEnum):
    """Kinds of token."""

    LITERAL = "literal"
    FIELD = "field"
    DOT = "dot"
    VARIABLE = "variable"
    WORD = "word"
    DECLARE = "declare"
    ASSIGN = "assign"
    PIPE = "pipe"
    LEFT = "left"
    RIGHT = "right"
    COMMA = "comma"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `spaced` tells whether white space stands before it."""

    kind: Kind
    text: str
    line: int
    column: int
    spaced: bool = False
    value: Any = None


def lex(action: Action) -> list[Token]:
    """Return the tokens of an action, the last of kind END."""
    tokens: list[Token] = []
    offset, spaced = 0, True
    while offset < len(action.source):
        found = _TOKEN.match(action.source, offset)
        if found is None or found.lastgroup is None:
            raise _bad_character(action, offset)
        line, column = place(action, offset)
        offset = found.end()
        if found.lastgroup in ("space", "comment"):
            spaced = True
            continue
        tokens.append(_token(found.lastgroup, found[0], line, column, spaced))
        spaced = False
    line, column = place(action, len(action.source))
    return [*tokens, Token(Kind.END, "", line, column, spaced=True)]


def place(action: Action, offset: int) -> tuple[int, int]:
    """Return line and column of an offset inside an action."""
    before = action.source[:offset]
    newlines = before.count("\n")
    if not newlines:
        return action.line, action.source_column + offset
    return action.line + newlines, offset - before.rfind("\n")


def _token(group: str, text: str, line: int, column: int, spaced: bool) -> Token:
    match group:
        case "string" | "char" | "raw" | "number":
            value = _literal(group, text, line, column)
            return Token(Kind.LITERAL, text, line, column, spaced, value)
        case "field":
            return Token(Kind.FIELD, text[1:], line, column, spaced)
        case _:
            return Token(Kind(group), text, line, column, spaced)


def _literal(group: str, text: str, line: int, column: int) -> Any:
    try:
        if group == "raw":
            return text[1:-1]
        if group == "number":
            return _number(text)
        unquoted = _ESCAPE.sub(_unescape, text[1:-1])
        return ord(unquoted) if group == "char" else unquoted
    except (ValueError, TypeError, OverflowError):
        raise TemplateError(f"{text[:40]} is not a valid {_NOUNS[group]}", line, column) from None


_NOUNS = {"string": "text", "char": "character", "raw": "text", "number": "number"}


def _number(text: str) -> int | float:
    if len(text) > _MAX_NUMBER_LENGTH:
        raise ValueError(text)
    unsigned = text.lstrip("+-")
    if unsigned[:2].lower() in ("0x", "0b", "0o"):
        return int(text, 0)
    if re.fullmatch(r"0[0-7_]+", unsigned):
        return int(text, 8)
    try:
        return int(text)
    except ValueError:
        return float(text)


def _unescape(found: re.Match[str]) -> str:
    if simple := found["c"]:
        if simple not in _SIMPLE_ESCAPES:
            raise ValueError(simple)
        return _SIMPLE_ESCAPES[simple]
    if octal := found["o"]:
        return chr(int(octal, 8))
    return chr(int(found["x"] or found["u"] or found["U"], 16))


def _bad_character(action: Action, offset: int) -> TemplateError:
    line, column = place(action, offset)
    character, mend = action.source[offset], ""
    if character == "-" and (name := _DASHED_NAME.search(action.source)):
        mend = f'reach a name with a dash by {{{{index . "{name[1]}"}}}}'
    elif character == "\\":
        mend = "write quotes inside {{ }} plainly, in a quoted value too"
    elif character in "\"'`":
        mend = "close the quote inside the action"
    return TemplateError(f"{character!r} cannot stand here", line, column, mend)
