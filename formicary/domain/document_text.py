"""Makes YAML of a definition's text: actions become opaque words, control lines become comments.

Every line stays on its line. A control action alone on its line is a condition on the lines that it
surrounds; inside a block value it belongs to that value.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.document_lists import OpenLists
from formicary.domain.document_pieces import Rewritten
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.nodes import Command, Literal, Pipe
from formicary.domain.templating.parser import BLOCK_KEYWORDS, Statement, parse_action
from formicary.domain.templating.scanner import Action, Lines, find_actions

MAX_ACTIONS = 20_000
OPEN, CLOSE, MARK = "\ue000", "\ue001", "\ue002"
_PRIVATE = re.compile(f"[{OPEN}{CLOSE}{MARK}]")
# JSON writes a character beyond the first plane as two escapes, which YAML does not know.
_PRIVATE_OR_PAIR = re.compile(
    rf"{_PRIVATE.pattern}|(?<!\\)((?:\\\\)*)"
    r"\\u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})"
)
_JSON = re.compile(r"\s*\{\s*\"")
WORD = re.compile(f"{OPEN}(\\d+){CLOSE}")
_OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_CONTROL_LINE = re.compile(rf"[ \t]*(?:{WORD.pattern}[ \t]*)+")
_BLOCK_HEADER = re.compile(
    r"(?P<indent> *)(?P<dashes>(?:- +)*)(?P<key>[^\s#'\"\[{][^#]*?:[ \t]+)?"
    r"[|>][-+0-9]*[ \t]*(?:#.*)?"
)
_DASH = re.compile("[ \t]*([\u2013\u2014])(?=[ \t])")
_BARE_LIST = re.compile(r"([ \t]*)required_params:[ \t]*(?:#.*)?")
_BARE_WORD = re.compile(r"[\w.-]+")
_STARRED_CRON = re.compile(r"([ \t]*cron_trigger:[ \t]*)(\*[^\"'#\n]*?)[ \t]*(?:#.*)?")


@dataclass(slots=True)
class PreparedText:
    """YAML text and the way back to what the user wrote."""

    yaml: str = ""
    words: list[Statement | str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    control_words: dict[int, None] = field(default_factory=dict)
    broken: bool = False
    json: bool = False
    same_lines: bool = True
    changed_lines: set[int] = field(default_factory=set)
    list_goes_on: set[int] = field(default_factory=set)
    lines: Lines = field(default_factory=lambda: Lines(""))
    flat: Rewritten = field(default_factory=Rewritten)
    final: Rewritten = field(default_factory=Rewritten)

    def place(self, mark: Any) -> tuple[int, int]:
        """Return the user's line and column for a mark of the YAML reader."""
        if self.same_lines and mark.line + 1 not in self.changed_lines:
            return mark.line + 1, mark.column + 1
        return self.locate(mark.index)

    def locate(self, offset: int) -> tuple[int, int]:
        """Return the user's line and column for an offset of the YAML text."""
        return self.lines.locate(self.flat.source(self.final.source(offset)))

    def statement(self, word: int) -> Statement | None:
        """Return the statement of a word, None for text and for faulty actions."""
        found = self.words[word]
        return found if isinstance(found, Statement) else None

    def raw(self, text: str) -> str:
        """Put the user's actions back into a text."""
        return WORD.sub(lambda found: _raw(self.words[int(found[1])]), text).replace(f"#{MARK}", "")


def _raw(word: Statement | str) -> str:
    return word if isinstance(word, str) else word.action.raw


def prepare(text: str) -> PreparedText:
    """Make YAML of the text; faults of templates are collected, not raised."""
    prepared = PreparedText(lines=Lines(text), json=bool(_JSON.match(text)))
    _replace_actions(text, prepared)
    _rewrite_lines(prepared)
    prepared.yaml = prepared.final.text
    # YAML counts these as line ends, too.
    prepared.same_lines = prepared.same_lines and not _OTHER_LINE_ENDS.search(text)
    return prepared


def template_fault(error: TemplateError) -> Fault:
    """Make a fault of a template error."""
    return Fault(
        FaultCode.BAD_TEMPLATE, f"template: {error.message}", error.mend, error.line, error.column
    )


def _replace_actions(text: str, prepared: PreparedText) -> None:
    offset = 0
    try:
        for action in find_actions(text, prepared.lines, in_yaml=True):
            _copy(text, offset, action.start, prepared)
            offset = action.end
            prepared.changed_lines.add(action.line)
            prepared.same_lines = prepared.same_lines and "\n" not in action.raw
            try:
                word: Statement | str = parse_action(action)
            except TemplateError as error:
                prepared.faults.append(template_fault(error))
                word = _stand_in(action)
            _put_word(word, action.start, prepared)
            _check_count(action, prepared)
    except TemplateError as error:
        prepared.faults.append(template_fault(error))
        prepared.broken = True
    _copy(text, offset, len(text), prepared)


def _check_count(action: Action, prepared: PreparedText) -> None:
    if len(prepared.words) > MAX_ACTIONS:
        message = f"the text has more than {MAX_ACTIONS} actions"
        raise TemplateError(message, action.line, action.column)


def _stand_in(action: Action) -> Statement:
    """Return what takes the place of a faulty action, so that its block stays paired."""
    words = action.source.split(maxsplit=1)
    keyword = words[0] if words and words[0] in (*BLOCK_KEYWORDS, "else", "end") else ""
    nothing = Literal("", action.line, action.column)
    pipe = Pipe((Command((nothing,)),), action.line, action.column)
    return Statement(action, keyword, pipe if keyword in ("", *BLOCK_KEYWORDS) else None)


def _copy(text: str, start: int, end: int, prepared: PreparedText) -> None:
    """Copy plain text; a private character of the user's becomes a word like an action."""
    pattern = _PRIVATE_OR_PAIR if prepared.json else _PRIVATE
    for found in pattern.finditer(text, start, end):
        prepared.flat.copy(text[start : found.start()], start)
        if found.lastindex:
            pair = bytes.fromhex(found[2] + found[3]).decode("utf-16-be")
            prepared.flat.put(found[1] + pair, found.start())
        else:
            _put_word(found[0], found.start(), prepared)
        prepared.changed_lines.add(prepared.lines.locate(found.start())[0])
        start = found.end()
    prepared.flat.copy(text[start:end], start)


def _put_word(word: Statement | str, offset: int, prepared: PreparedText) -> None:
    prepared.flat.put(f"{OPEN}{len(prepared.words)}{CLOSE}", offset)
    prepared.words.append(word)


def _rewrite_lines(prepared: PreparedText) -> None:
    lines = prepared.flat.text.split("\n")
    rewriter = _LineRewriter(prepared, lines)
    offset = 0
    for number, line in enumerate(lines):
        rewriter.rewrite(number, line, offset)
        offset += len(line) + 1
        if number + 1 < len(lines):
            rewriter.out.copy("\n", offset - 1)


class _LineRewriter:
    def __init__(self, prepared: PreparedText, lines: list[str]) -> None:
        self.out = prepared.final
        self._prepared = prepared
        self._parent: int | None = None  # indentation that ends the block value we are in
        self._content: int | None = None  # indentation of its text
        self._insides: list[bool] = []
        self._bare_indent: str | None = None
        self._lists = OpenLists()
        self._following = self._indents_below(lines)

    def rewrite(self, number: int, line: str, offset: int) -> None:
        if not line.strip():
            self.out.copy(line, offset)
            return
        if words := self._control_words(line):
            self._control(line, offset, words, self._following[number])
            return
        indent = len(line) - len(line.lstrip(" "))
        if self._parent is not None and indent > self._parent:
            self._content = indent if self._content is None else self._content
            self.out.copy(line, offset)
            return
        self._parent = self._content = None
        self._structure(number, line, offset)
        if header := _BLOCK_HEADER.fullmatch(line):
            self._parent = _parent_indent(header)

    def _indents_below(self, lines: list[str]) -> list[int]:
        """For each line, the indentation of the next one that has content."""
        below, result = 0, [0] * len(lines)
        for number in range(len(lines) - 1, -1, -1):
            result[number] = below
            line = lines[number]
            if line.strip() and not self._control_words(line):
                below = len(line) - len(line.lstrip(" "))
        return result

    def _control_words(self, line: str) -> list[int]:
        """Return the words of a line that holds control actions and nothing else."""
        if OPEN not in line or not _CONTROL_LINE.fullmatch(line):
            return []
        words = [int(word) for word in WORD.findall(line)]
        statements = [self._prepared.statement(word) for word in words]
        return words if all(found and not found.writes for found in statements) else []

    def _control(self, line: str, offset: int, words: list[int], below: int) -> None:
        indent = len(line) - len(line.lstrip(" "))
        inside, *_ = [self._belongs(word, indent, below) for word in words]
        text = "".join(f"{OPEN}{word}{CLOSE}" for word in words)
        if not inside or self._parent is None:
            self._parent = self._content = None
            self._prepared.control_words.update(dict.fromkeys(words))
            self.out.put(f"#{MARK}{text}", offset)
            return
        if self._content is None:
            self._content = max(self._parent + 1, below if below > self._parent else indent)
        self.out.put(f"{' ' * max(indent, self._content)}#{MARK}{text}", offset)

    def _belongs(self, word: int, indent: int, below: int) -> bool:
        """Whether a control action belongs to the block value that we are in."""
        statement = self._prepared.statement(word)
        keyword = statement.keyword if statement else ""
        if keyword in ("else", "end") and self._insides:
            return self._insides.pop() if keyword == "end" else self._insides[-1]
        inside = self._parent is not None and max(indent, below) > self._parent
        if keyword in BLOCK_KEYWORDS:
            self._insides.append(inside)
        return inside

    def _structure(self, number: int, line: str, offset: int) -> None:
        """Copy a line outside of block values, with the article's forms made YAML."""
        before = len(self.out)
        if owner := self._lists.goes_on(line):
            indent = len(line) - len(line.lstrip(" "))
            self.out.put(f"{' ' * indent}{owner}:\n", offset + indent)
            self._prepared.same_lines = False
            self._prepared.list_goes_on.add(number + 1)
        self._mended(line, offset)
        if len(self.out) != before + len(line):
            self._prepared.changed_lines.add(number + 1)

    def _mended(self, line: str, offset: int) -> None:
        if dash := _DASH.match(line):
            self.out.copy(line[: dash.start(1)], offset)
            self.out.put("-", offset + dash.start(1))
            self.out.copy(line[dash.end(1) :], offset + dash.end(1))
        elif cron := _STARRED_CRON.fullmatch(line):
            self.out.copy(cron[1], offset)
            self.out.put('"', offset + cron.end(1))
            self.out.copy(cron[2], offset + cron.end(1))
            self.out.put('"', offset + cron.end(2))
        elif self._bare_indent is not None and self._is_bare_word(line):
            indent = len(self._bare_indent)
            self.out.copy(line[:indent], offset)
            self.out.put("- ", offset + indent)
            self.out.copy(line[indent:], offset + indent)
            return
        else:
            self.out.copy(line, offset)
        bare = _BARE_LIST.fullmatch(line)
        self._bare_indent = bare[1] if bare else None

    def _is_bare_word(self, line: str) -> bool:
        word = line.removeprefix(self._bare_indent or "").rstrip()
        return bool(_BARE_WORD.fullmatch(word)) and not word.startswith("-")


def _parent_indent(header: re.Match[str]) -> int:
    dashes = header["dashes"]
    if header["key"] is not None:
        return len(header["indent"]) + len(dashes)
    return len(header["indent"]) + max(0, len(dashes.rstrip()) - 1)
