"""Parses one action into a statement: an output, or one part of a block."""

from dataclasses import dataclass

from formicary.domain.faults import did_you_mean
from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.functions import GO_ONLY, functions_of
from formicary.domain.templating.lexer import Kind, Token, lex
from formicary.domain.templating.nodes import Call, Command, Literal, Operand, Path, Pipe
from formicary.domain.templating.scanner import Action

BLOCK_KEYWORDS = ("if", "with", "range")
_BARE_KEYWORDS = ("end", "break", "continue")
_NAMING = ("define", "template", "block")
_KEYWORDS = frozenset({*BLOCK_KEYWORDS, *_BARE_KEYWORDS, *_NAMING, "else"})
_CONSTANTS = {"true": True, "false": False, "nil": None}
_OPERANDS = frozenset(
    {Kind.LITERAL, Kind.WORD, Kind.FIELD, Kind.DOT, Kind.VARIABLE, Kind.LEFT},
)
_MAX_NESTING = 100


@dataclass(frozen=True, slots=True)
class Statement:
    """What an action says: `keyword` is "" for an output or a declaration, "comment" for nothing.

    `else` has a `chained` keyword when it opens the next branch (`else if`, `else with`);
    `define`, `template` and `block` have the `name` of a template.
    """

    action: Action
    keyword: str = ""
    pipe: Pipe | None = None
    chained: str = ""
    name: str = ""

    @property
    def writes(self) -> bool:
        """Whether the action writes something where it stands."""
        return self.keyword == "" and not (self.pipe and self.pipe.variables)


def parse_action(action: Action, dialect: Dialect = Dialect.JOB) -> Statement:
    """Parse the inside of an action; TemplateError tells what is wrong and where."""
    if action.source.startswith("/*"):
        return Statement(action, "comment")
    return _Parser(action, dialect).statement()


class _Parser:
    def __init__(self, action: Action, dialect: Dialect) -> None:
        self._action = action
        self._dialect = dialect
        self._tokens = lex(action)
        self._next = 0
        self._depth = 0

    def statement(self) -> Statement:
        token = self._peek()
        if token.kind is Kind.END:
            raise TemplateError(
                "the action is empty", token.line, token.column, "remove it, or name a variable"
            )
        if token.kind is Kind.WORD and token.text in _KEYWORDS:
            return self._worded(self._take())
        return Statement(self._action, "", self._closed_pipe("command"))

    def _worded(self, token: Token) -> Statement:
        if token.text in BLOCK_KEYWORDS:
            return Statement(self._action, token.text, self._closed_pipe(token.text))
        if token.text == "else":
            return self._else()
        if token.text in _NAMING:
            return self._naming(token)
        self._expect_end()
        return Statement(self._action, token.text)

    def _else(self) -> Statement:
        token = self._peek()
        chains = ("if", "with") if self._dialect is Dialect.JOB else ("if",)
        if token.kind is Kind.WORD and token.text in chains:
            self._take()
            return Statement(self._action, "else", self._closed_pipe(token.text), token.text)
        self._expect_end()
        return Statement(self._action, "else")

    def _naming(self, token: Token) -> Statement:
        if self._dialect is Dialect.JOB:
            message = f'"{token.text}" is not part of the job language'
            raise TemplateError(message, token.line, token.column)
        name = self._peek()
        if name.kind is not Kind.LITERAL or name.text[0] not in '"`':
            message = f'"{token.text}" needs the name of a template'
            raise TemplateError(message, name.line, name.column, "write the name in quotes")
        self._take()
        needs = token.text == "block"
        optional = token.text == "template" and self._peek().kind is not Kind.END
        pipe = self._closed_pipe(token.text) if needs or optional else None
        self._expect_end()
        return Statement(self._action, token.text, pipe, name=name.value)

    def _closed_pipe(self, context: str) -> Pipe:
        pipe = self._pipe(context, Kind.END)
        self._expect_end()
        return pipe

    def _pipe(self, context: str, closing: Kind) -> Pipe:
        start = self._peek()
        self._depth += 1
        if self._depth > _MAX_NESTING:
            raise TemplateError("parentheses are nested too deeply", start.line, start.column)
        names, assigns = self._declaration(context)
        commands: list[Command] = []
        while self._peek().kind is not closing:
            if self._peek().kind not in _OPERANDS:
                raise self._unexpected(self._peek())
            commands.append(self._command(first=not commands))
        hanging = self._dialect is Dialect.JOB and self._tokens[self._next - 1].kind is Kind.PIPE
        if hanging or not commands:
            end = self._peek()
            raise TemplateError("a value is missing", end.line, end.column)
        self._depth -= 1
        return Pipe(tuple(commands), start.line, start.column, names, assigns)

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        mark = self._next
        while self._peek().kind is Kind.VARIABLE:
            mark = self._next
            token = self._take()
            following = self._peek()
            if following.kind in (Kind.DECLARE, Kind.ASSIGN):
                self._take()
                return (*names, token.text), following.kind is Kind.ASSIGN
            if following.text != "," or following.kind is not Kind.CHARACTER:
                break
            if context != "range" or names:
                raise TemplateError("too many variables", following.line, following.column)
            self._take()
            names.append(token.text)
            mark = self._next
            if self._peek().kind not in (Kind.VARIABLE, Kind.END, Kind.RIGHT):
                raise self._unexpected(self._peek())
        self._next = mark
        return tuple(names), False

    def _command(self, *, first: bool) -> Command:
        operands: list[Operand] = []
        while True:
            if (operand := self._operand()) is not None:
                operands.append(operand)
            following = self._peek()
            if following.kind is Kind.PIPE:
                self._take()
                break
            if following.kind in (Kind.END, Kind.RIGHT):
                break
            if not following.spaced or following.kind not in _OPERANDS:
                raise self._unexpected(following)
        head = operands[0]
        if not isinstance(head, Call) and (len(operands) > 1 or not first):
            self._check_head(head, later=not first)
        return Command(tuple(operands))

    def _check_head(self, head: Literal | Path, *, later: bool) -> None:
        """Refuse what is no function and is given a value; to Go much of it fails later."""
        plain = isinstance(head, Literal) or (head.base is None and not head.names)
        if self._dialect is Dialect.JOB or (later and plain):
            raise TemplateError(
                "only a function can be given a value",
                head.line,
                head.column,
                "put a function's name first, as in {{eq .A 1}}",
            )

    def _operand(self) -> Operand | None:
        token = self._peek()
        match token.kind:
            case Kind.LITERAL:
                self._take()
                return self._constant(token, token.value)
            case Kind.WORD if token.text not in _KEYWORDS:
                self._take()
                return self._word(token)
            case Kind.FIELD | Kind.DOT:
                return self._path(None)
            case Kind.VARIABLE:
                return self._path(self._take().text)
            case Kind.LEFT:
                self._take()
                pipe = self._pipe("parentheses", Kind.RIGHT) if self._closes(token) else None
                self._take()
                return self._path(pipe)
        raise self._unexpected(token)

    def _closes(self, token: Token) -> bool:
        """Refuse a parenthesis that the action does not close."""
        depth = 0
        for later in self._tokens[self._next - 1 :]:
            depth += (later.kind is Kind.LEFT) - (later.kind is Kind.RIGHT)
            if depth == 0:
                return True
        raise TemplateError('"(" is not closed', token.line, token.column)

    def _path(self, base: str | Pipe | Call | None) -> Path:
        token = self._peek()
        names: list[str] = []
        place = base if isinstance(base, Pipe | Call) else token
        if isinstance(base, str):
            place = self._tokens[self._next - 1]
        if base is None and token.kind is Kind.DOT:
            self._take()
            if self._follows():
                raise self._unexpected(self._peek())
        elif base is None:
            names.append(self._take().text)
        while self._follows():
            names.append(self._take().text)
        return Path(base, tuple(names), place.line, place.column)

    def _follows(self) -> bool:
        """Whether a field follows directly."""
        return self._peek().kind is Kind.FIELD and not self._peek().spaced

    def _constant(self, token: Token, value: object) -> Literal:
        if self._follows():
            raise self._unexpected(self._peek())
        return Literal(value, token.line, token.column)

    def _word(self, token: Token) -> Operand:
        if token.text in _CONSTANTS:
            return self._constant(token, _CONSTANTS[token.text])
        if token.text not in functions_of(self._dialect):
            raise _unknown_function(token, self._dialect)
        call = Call(token.text, token.line, token.column)
        return self._path(call) if self._follows() else call

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


def _unknown_function(token: Token, dialect: Dialect) -> TemplateError:
    mend = did_you_mean(token.text, functions_of(dialect))
    mend = mend or f"a variable is written {{{{.{token.text}}}}}"
    if token.text in GO_ONLY:
        mend = "a job has no functions in its variables"
    return TemplateError(f'there is no function "{token.text}"', token.line, token.column, mend)
