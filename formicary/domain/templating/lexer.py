"""Cuts the inside of an action into tokens, as Go's text/template does."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from formicary.domain.templating.constants import is_word_character, read_number, scan_number
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.quoting import unquote
from formicary.domain.templating.scanner import Action

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:\\[^\n]|[^"\\\n])*+")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:\\[^\n]|[^'\\\n])*+')
    |(?P<number>[+-]|\.?[0-9])
    |(?P<field>\.\w+)
    |(?P<dot>\.)
    |(?P<variable>\$\w*)
    |(?P<word>\w+)
    |(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<left>\()|(?P<right>\))
    |(?P<character>[!-~])
    """,
    re.VERBOSE,
)
_NAMED = frozenset({"field", "dot", "variable", "word"})
_TERMINATORS = frozenset(" \t\r\n.,|:)(")
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
    CHARACTER = "character"
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
        group, end = found.lastgroup, found.end()
        if group == "space":
            spaced, offset = True, end
            continue
        if group == "number":
            end = _number_end(action, offset)
        elif group in _NAMED:
            _check_name(action, offset, end)
        line, column = place(action, offset)
        tokens.append(_token(group, action.source[offset:end], line, column, spaced))
        spaced, offset = False, end
    line, column = place(action, len(action.source))
    return [*tokens, Token(Kind.END, "", line, column, spaced=True)]


def place(action: Action, offset: int) -> tuple[int, int]:
    """Return line and column of an offset inside an action."""
    before = action.source[:offset]
    newlines = before.count("\n")
    if not newlines:
        return action.source_line, action.source_column + offset
    return action.source_line + newlines, offset - before.rfind("\n")


def _number_end(action: Action, offset: int) -> int:
    end = scan_number(action.source, offset)
    if end < 0:
        raise _bad_character(action, offset, "a number is badly written")
    return end


def _check_name(action: Action, start: int, end: int) -> None:
    """Refuse a name with a character that Go takes for no letter, or that runs into another."""
    source = action.source
    name = source[start:end].lstrip(".$")
    if not name.isascii():
        for offset, character in enumerate(name, end - len(name)):
            if not is_word_character(character):
                raise _bad_character(action, offset)
    if end < len(source) and source[end] not in _TERMINATORS:
        raise _bad_character(action, end)


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
        return unquote(text) if group in ("raw", "string") else read_number(text)
    except (ValueError, OverflowError):
        raise TemplateError(f"{text[:40]} is not a valid {_NOUNS[group]}", line, column) from None


_NOUNS = {"string": "text", "char": "character", "raw": "text", "number": "number"}


def _bad_character(action: Action, offset: int, message: str = "") -> TemplateError:
    line, column = place(action, offset)
    character, mend = action.source[offset], ""
    if character == "-" and (name := _DASHED_NAME.search(action.source)):
        mend = f'reach a name with a dash by {{{{index . "{name[1]}"}}}}'
    elif character == "\\":
        mend = "write quotes inside {{ }} plainly, in a quoted value too"
    elif character in "\"'`":
        mend = "close the quote inside the action"
    elif action.source.startswith("/*", offset):
        mend = "a comment begins right after the braces: {{/* ... */}}"
    return TemplateError(message or f"{character!r} cannot stand here", line, column, mend)
