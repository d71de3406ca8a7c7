"""Parses one action into a statement: an output, or one part of a block."""

import difflib
from dataclasses import dataclass

from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.functions import FUNCTIONS
from formicary.domain.templating.lexer import Kind, Token, lex
from formicary.domain.templating.nodes import Call, Command, Literal, Operand, Path, Pipe
from formicary.domain.templating.scanner import Action

BLOCK_KEYWORDS = ("if", "with", "range")
_BARE_KEYWORDS = ("end", "break", "continue")
_UNSUPPORTED = ("define", "template", "block")
_CONSTANTS = {"true": True, "false": False, "nil": None}
_MAX_NESTING = 40


@dataclass(frozen=True, slots=True)
class Statement:
    """What an action says: `keyword` is "" for an output or a declaration, "comment" for nothing.

    `else` has a `chained` keyword when it opens the next branch (`else if`, `else with`).
    """

    action: Action
    keyword: str = ""
    pipe: Pipe | None = None
    chained: str = ""

    @property
    def writes(self) -> bool:
        """Whether the action writes something where it stands."""
        return self.keyword == "" and not (self.pipe and self.pipe.variables)


def parse_action(action: Action) -> Statement:
    """Parse the inside of an action; TemplateError tells what is wrong and where."""
    return _Parser(action).statement()


class _Parser:
    def __init__(self, action: Action) -> None:
        self._action = action
        self._tokens = lex(action)
        self._next = 0
        self._depth = 0

    def statement(self) -> Statement:
        token = self._peek()
        if token.kind is Kind.END:
            if "/*" in self._action.source:
                return Statement(self._action, "comment")
            raise TemplateError(
                "the action is empty", token.line, token.column, "remove it, or name a variable"
            )
        if token.kind is Kind.WORD:
            return self._worded(token)
        return Statement(self._action, "", self._closed_pipe(variables=1))

    def _worded(self, token: Token) -> Statement:
        if token.text in BLOCK_KEYWORDS:
            self._take()
            most = 2 if token.text == "range" else 1
            return Statement(self._action, token.text, self._closed_pipe(variables=most))
        if token.text == "else":
            return self._else()
        if token.text in _BARE_KEYWORDS:
            self._take()
            self._expect_end()
            return Statement(self._action, token.text)
        if token.text in _UNSUPPORTED:
            raise TemplateError(
                f'"{token.text}" is not part of the job language', token.line, token.column
            )
        return Statement(self._action, "", self._closed_pipe(variables=1))

    def _else(self) -> Statement:
        self._take()
        token = self._peek()
        if token.kind is Kind.WORD and token.text in ("if", "with"):
            self._take()
            pipe = self._closed_pipe(variables=1)
            return Statement(self._action, "else", pipe, chained=token.text)
        self._expect_end()
        return Statement(self._action, "else")

    def _closed_pipe(self, variables: int) -> Pipe:
        pipe = self._pipe(variables)
        self._expect_end()
        return pipe

    def _pipe(self, variables: int = 0) -> Pipe:
        start = self._peek()
        self._depth += 1
        if self._depth > _MAX_NESTING:
            raise TemplateError("parentheses are nested too deeply", start.line, start.column)
        names, assigns = self._declaration(variables)
        commands = [self._command(first=True)]
        while self._peek().kind is Kind.PIPE:
            self._take()
            commands.append(self._command(first=False))
        self._depth -= 1
        return Pipe(tuple(commands), start.line, start.column, names, assigns)

    def _declaration(self, most: int) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        mark = self._next
        while len(names) < most and self._peek().kind is Kind.VARIABLE:
            names.append(self._take().text)
            if self._peek().kind in (Kind.DECLARE, Kind.ASSIGN):
                return tuple(names), self._take().kind is Kind.ASSIGN
            if self._peek().kind is not Kind.COMMA:
                break
            self._take()
        self._next = mark
        return (), False

    def _command(self, *, first: bool) -> Command:
        start = self._peek()
        operands: list[Operand] = []
        while (operand := self._operand()) is not None:
            operands.append(operand)
            following = self._peek()
            if following.kind not in (Kind.PIPE, Kind.END, Kind.RIGHT) and not following.spaced:
                raise self._unexpected(following)
        if not operands:
            raise TemplateError("a value is missing", start.line, start.column)
        head = operands[0]
        if not isinstance(head, Call) and (len(operands) > 1 or not first):
            raise TemplateError(
                "only a function can be given a value",
                head.line,
                head.column,
                "put a function's name first, as in {{eq .A 1}}",
            )
        return Command(tuple(operands))

    def _operand(self) -> Operand | None:
        token = self._peek()
        match token.kind:
            case Kind.LITERAL:
                self._take()
                return Literal(token.value, token.line, token.column)
            case Kind.WORD:
                self._take()
                return self._word(token)
            case Kind.FIELD | Kind.DOT:
                return self._path(None)
            case Kind.VARIABLE:
                return self._path(self._take().text)
            case Kind.LEFT:
                self._take()
                pipe = self._pipe()
                if self._peek().kind is not Kind.RIGHT:
                    raise TemplateError('"(" is not closed', token.line, token.column)
                self._take()
                return self._path(pipe)
        return None

    def _path(self, base: str | Pipe | None) -> Path:
        token = self._peek()
        names: list[str] = []
        place = base if isinstance(base, Pipe) else token
        if isinstance(base, str):
            place = self._tokens[self._next - 1]
        if base is None and token.kind is Kind.DOT:
            self._take()
        elif base is None:
            names.append(self._take().text)
        while self._peek().kind is Kind.FIELD and not self._peek().spaced:
            names.append(self._take().text)
        return Path(base, tuple(names), place.line, place.column)

    def _word(self, token: Token) -> Operand:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.line, token.column)
        if token.text not in FUNCTIONS:
            raise _unknown_function(token)
        return Call(token.text, token.line, token.column)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _expect_end(self) -> None:
        if self._peek().kind is not Kind.END:
            raise self._unexpected(self._peek())

    def _unexpected(self, token: Token) -> TemplateError:
        shown = f'"{token.text}"' if token.text else "the end of the action"
        return TemplateError(f"{shown} cannot stand here", token.line, token.column)


def _unknown_function(token: Token) -> TemplateError:
    near = difflib.get_close_matches(token.text, FUNCTIONS, 1)
    mend = f'did you mean "{near[0]}"?' if near else f"a variable is written {{{{.{token.text}}}}}"
    return TemplateError(f'there is no function "{token.text}"', token.line, token.column, mend)
