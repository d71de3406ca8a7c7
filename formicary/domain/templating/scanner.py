"""Finds the `{{actions}}` in a text. Quotes and comments inside an action may hold braces."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.escapes import unescaped

_INNER = re.compile(
    r"""(?:"(?:\\[^\n]|[^"\\\n])*+"|`[^`]*+`|'(?:\\[^\n]|[^'\\\n])*+'|[^"'`}\\]++|\}(?!\}))*+"""
)
_OPEN = re.compile(
    r"""\{\{(?P<trim>-[ \t\r\n])?"""
    # The spaced form of a control action, alone on its line, as typesetting prints it.
    r"""|^(?P<indent>[ \t]*)\{\ \{[ \t]*(?P<spaced>(?:if|else|end|range|with)\b[^\n]*?)[ \t]*"""
    r"""\}\ \}[ \t]*$""",
    re.MULTILINE,
)
_TRIM_RIGHT = re.compile(r"[ \t\r\n]-\Z")


class Lines:
    """Turns offsets of a text into lines and columns, both from 1."""

    def __init__(self, text: str) -> None:
        """Remember where the lines of the text start."""
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def locate(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class Action:
    """One `{{...}}`: what is between the braces, and where in the text it stands."""

    raw: str
    source: str
    start: int
    end: int
    line: int
    column: int
    source_line: int
    source_column: int
    trim_left: bool = False
    trim_right: bool = False


def find_actions(text: str, lines: Lines, *, in_yaml: bool = False) -> Iterator[Action]:
    """Yield the actions of a text in order.

    In YAML, `{ { if .X } }` alone on a line is one too, and quotes in an action may be escaped.
    """
    offset = 0
    while found := _OPEN.search(text, offset):
        if found["spaced"] is None:
            action = _read_action(text, found.start(), found.end("trim"), lines, in_yaml=in_yaml)
        elif in_yaml:
            action = _read_spaced(text, found, lines)
        else:
            offset = found.end()
            continue
        yield action
        offset = action.end


def _read_action(text: str, start: int, trimmed: int, lines: Lines, *, in_yaml: bool) -> Action:
    line, column = lines.locate(start)
    begin = max(start + 2, trimmed)
    if text.startswith("/*", begin):
        end = _comment_end(text, begin, line, column)
    else:
        inner = _INNER.match(text, begin)
        end = inner.end() if inner else begin
    source = text[begin:end]
    if in_yaml and text.startswith("\\", end):
        source, end = unescaped(text, begin)
    if not text.startswith("}}", end):
        raise TemplateError('"{{" is not closed', line, column, "close the action with }}")
    bare = _TRIM_RIGHT.sub("", source)
    source_line, source_column = lines.locate(begin)
    return Action(
        raw=f"{text[start:begin]}{source}}}}}",
        source=bare,
        start=start,
        end=end + 2,
        line=line,
        column=column,
        source_line=source_line,
        source_column=source_column,
        trim_left=trimmed > 0,
        trim_right=bare != source,
    )


def _comment_end(text: str, begin: int, line: int, column: int) -> int:
    close = text.find("*/", begin + 2)
    if close < 0:
        raise TemplateError("the comment is not closed", line, column, "close it with */}}")
    end = close + 2
    if _TRIM_RIGHT.match(text[end : end + 2]):
        end += 2
    if not text.startswith("}}", end):
        message = "a comment must be all that its action holds"
        raise TemplateError(message, line, column, "end it with */}} or */ -}}")
    return end


def _read_spaced(text: str, found: re.Match[str], lines: Lines) -> Action:
    start, end = found.end("indent"), found.end()
    line, column = lines.locate(start)
    source_column = column + found.start("spaced") - start
    return Action(
        raw=text[start:end],
        source=found["spaced"],
        start=start,
        end=end,
        line=line,
        column=column,
        source_line=line,
        source_column=source_column,
    )
