"""Builds a template from text and statements: pairs blocks, trims space, checks variables."""

from collections.abc import Iterable, Sequence

from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.nodes import (
    Block,
    Invoke,
    Jump,
    Node,
    Output,
    Pipe,
    Template,
    Text,
    names_in,
    nested_pipes,
    paths_of,
    pipes_of,
)
from formicary.domain.templating.parser import Statement, parse_action
from formicary.domain.templating.scanner import Lines, find_actions

Part = str | Statement
_MAX_DEPTH = 100
_MAX_SOURCE = 1024 * 1024
_MAX_ACTIONS = 20_000
_SPACE = " \t\r\n"


def parse_template(text: str, dialect: Dialect = Dialect.JOB) -> Template:
    """Parse a text on its own; TemplateError tells what is wrong and where."""
    if len(text) > _MAX_SOURCE:
        raise TemplateError("the template is over 1 MiB", 1, 1, "put what is plain text elsewhere")
    parts: list[Part] = []
    offset = 0
    for action in find_actions(text, Lines(text)):
        if len(parts) >= 2 * _MAX_ACTIONS:
            message = f"the template has more than {_MAX_ACTIONS} actions"
            raise TemplateError(message, action.line, action.column)
        parts += (text[offset : action.start], parse_action(action, dialect))
        offset = action.end
    return assemble([*parts, text[offset:]], dialect=dialect)


def assemble(
    parts: Sequence[Part], declared: Iterable[str] = (), dialect: Dialect = Dialect.JOB
) -> Template:
    """Build the template of one value; `declared` names variables that surround it."""
    assembler = _Assembler(_trimmed(parts), declared, dialect)
    nodes = assembler.all()
    names = frozenset(name for pipe in pipes_of(nodes) for name in names_in(pipe))
    return Template(nodes, names, assembler.defined)


def _trimmed(parts: Sequence[Part]) -> list[Part]:
    """Apply `{{-` and `-}}` to the texts beside them."""
    trimmed = list(parts)
    for place, part in enumerate(trimmed):
        if isinstance(part, str):
            continue
        if part.action.trim_left and place and isinstance(before := trimmed[place - 1], str):
            trimmed[place - 1] = before.rstrip(_SPACE)
        if part.action.trim_right and isinstance(after := _at(trimmed, place + 1), str):
            trimmed[place + 1] = after.lstrip(_SPACE)
    return trimmed


def _at(parts: Sequence[Part], place: int) -> Part | None:
    return parts[place] if place < len(parts) else None


class _Assembler:
    def __init__(self, parts: Sequence[Part], declared: Iterable[str], dialect: Dialect) -> None:
        self._parts = parts
        self._dialect = dialect
        self._next = 0
        self._scopes: list[set[str]] = [{"$", *declared}]
        self._loops = 0
        self._inside = 0
        self.defined: dict[str, tuple[Node, ...]] = {}

    def all(self) -> tuple[Node, ...]:
        nodes, closing = self._body()
        if closing is not None:
            raise _stray(closing)
        return nodes

    def _body(self) -> tuple[tuple[Node, ...], Statement | None]:
        nodes: list[Node] = []
        while self._next < len(self._parts):
            part = self._parts[self._next]
            self._next += 1
            if isinstance(part, str):
                if part:
                    nodes.append(Text(part))
            elif part.keyword in ("else", "end"):
                return tuple(nodes), part
            elif node := self._node(part):
                nodes.append(node)
        return tuple(nodes), None

    def _node(self, part: Statement) -> Node | None:
        match part.keyword:
            case "if" | "with" | "range":
                return self._block(part)
            case "break" | "continue":
                if not self._loops:
                    raise _error(part, f'"{part.keyword}" stands outside a range')
                return Jump(part.keyword)
            case "define":
                self._define(part)
                return None
            case "template" | "block":
                return self._invoke(part)
        if part.pipe is None:
            return None
        self._check(part.pipe)
        return Output(part.pipe)

    def _check(self, pipe: Pipe) -> None:
        """Check the variables of a pipeline and add those that it declares.

        Go takes an assignment for a declaration here, and learns better when it is executed.
        """
        known = set().union(*self._scopes)
        for inner in nested_pipes(pipe):
            for name in inner.variables:
                if inner.assigns and name not in known and self._dialect is Dialect.JOB:
                    raise undeclared(name, inner.line, inner.column)
                self._scopes[-1].add(name)
        check_variables(pipe, known | self._scopes[-1])

    def _define(self, part: Statement) -> None:
        if self._inside:
            raise _error(part, '"define" stands inside another block')
        self._definition(part)

    def _invoke(self, part: Statement) -> Node:
        if part.pipe:
            self._check(part.pipe)
        if part.keyword == "block":
            self._definition(part)
        return Invoke(part.name, part.pipe, part.action.source_line, part.action.source_column)

    def _definition(self, opening: Statement) -> None:
        """Read the body of a named template: it sees no variable but its own `$`."""
        scopes, loops = self._scopes, self._loops
        self._scopes, self._loops = [{"$"}], 0
        nodes, closing = self._nested(opening)
        self._scopes, self._loops = scopes, loops
        if closing.keyword != "end":
            raise _stray(closing)
        if opening.name not in self.defined or _is_empty(self.defined[opening.name]):
            self.defined[opening.name] = nodes
        elif not _is_empty(nodes):
            raise _error(opening, f'the template "{opening.name}" is defined twice')

    def _nested(self, opening: Statement) -> tuple[tuple[Node, ...], Statement]:
        """Read the nodes of a block up to its `else` or `end`."""
        self._inside += 1
        if self._inside > _MAX_DEPTH:
            raise _error(opening, "blocks are nested too deeply")
        nodes, closing = self._body()
        self._inside -= 1
        if closing is None:
            raise unclosed(opening)
        return nodes, closing

    def _block(self, opening: Statement) -> Node:
        self._scopes.append(set())
        branches: list[tuple[str, Pipe, tuple[Node, ...]]] = []
        part, keyword = opening, opening.keyword
        otherwise: tuple[Node, ...] = ()
        while True:
            pipe = part.pipe
            if pipe is None:
                raise unclosed(opening)
            self._check(pipe)
            self._loops += keyword == "range"
            body, part = self._nested(opening)
            self._loops -= keyword == "range"
            branches.append((keyword, pipe, body))
            if part.chained != keyword:
                break
        if part.chained:
            raise _error(part, f'"else {part.chained}" belongs to no {{{{{part.chained}}}}}')
        if part.keyword == "else":
            otherwise, end = self._nested(opening)
            if end.keyword != "end":
                raise _stray(end)
        self._scopes.pop()
        return _chain(branches, otherwise)


def _chain(
    branches: Sequence[tuple[str, Pipe, tuple[Node, ...]]], otherwise: tuple[Node, ...]
) -> Block:
    """Put the branches one into the `otherwise` of the other."""
    *first, (keyword, pipe, body) = branches
    block = Block(keyword, pipe, body, otherwise, chained=bool(first))
    for place in range(len(first) - 1, -1, -1):
        keyword, pipe, body = first[place]
        block = Block(keyword, pipe, body, (block,), chained=place > 0)
    return block


def _is_empty(nodes: tuple[Node, ...]) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in nodes)


def check_variables(pipe: Pipe, declared: set[str]) -> None:
    """Refuse a `$x` that nothing declares before."""
    for inner in nested_pipes(pipe):
        for path in paths_of(inner):
            if isinstance(path.base, str) and path.base not in declared:
                raise undeclared(path.base, path.line, path.column)


def undeclared(name: str, line: int, column: int) -> TemplateError:
    """Say that there is no such variable."""
    return TemplateError(
        f"the variable {name} is not declared", line, column, f"declare it: {{{{{name} := ...}}}}"
    )


def unclosed(opening: Statement) -> TemplateError:
    """Say that a block has no end."""
    return _error(
        opening,
        f'"{opening.keyword}" has no {{{{end}}}}',
        "add {{end}} inside the same value, or alone on a line for a block over whole lines",
    )


def _stray(statement: Statement) -> TemplateError:
    return _error(statement, f'"{statement.keyword}" belongs to no {{{{if}}}}')


def _error(part: Statement, message: str, mend: str = "") -> TemplateError:
    return TemplateError(message, part.action.line, part.action.column, mend)
