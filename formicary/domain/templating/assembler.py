"""Builds a template from text and statements: pairs blocks, trims space, checks variables."""

from collections.abc import Iterable, Sequence

from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.nodes import (
    Block,
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
from formicary.domain.templating.parser import BLOCK_KEYWORDS, Statement, parse_action
from formicary.domain.templating.scanner import Lines, find_actions

Part = str | Statement
_MAX_DEPTH = 60
_SPACE = " \t\r\n"


def parse_template(text: str) -> Template:
    """Parse a text on its own; TemplateError tells what is wrong and where."""
    parts: list[Part] = []
    offset = 0
    for action in find_actions(text, Lines(text)):
        parts += (text[offset : action.start], parse_action(action))
        offset = action.end
    return assemble([*parts, text[offset:]])


def assemble(parts: Sequence[Part], declared: Iterable[str] = ()) -> Template:
    """Build the template of one value; `declared` names variables that surround it."""
    nodes = _Assembler(_trimmed(parts), declared).all()
    names = frozenset(name for pipe in pipes_of(nodes) for name in names_in(pipe))
    return Template(nodes, names)


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
    def __init__(self, parts: Sequence[Part], declared: Iterable[str]) -> None:
        self._parts = parts
        self._next = 0
        self._scopes: list[set[str]] = [{"$", *declared}]
        self._loops = 0

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
        if part.keyword in BLOCK_KEYWORDS:
            return self._block(part, part.keyword)
        if part.keyword in ("break", "continue"):
            if not self._loops:
                raise TemplateError(
                    f'"{part.keyword}" stands outside a range', part.action.line, part.action.column
                )
            return Jump(part.keyword)
        if part.pipe is None:
            return None
        check_variables(part.pipe, set().union(*self._scopes))
        if not part.pipe.assigns:
            self._scopes[-1].update(part.pipe.variables)
        return Output(part.pipe)

    def _block(self, opening: Statement, keyword: str) -> Node:
        pipe = opening.pipe
        if pipe is None or len(self._scopes) > _MAX_DEPTH:
            raise TemplateError(
                "blocks are nested too deeply", opening.action.line, opening.action.column
            )
        check_variables(pipe, set().union(*self._scopes))
        self._scopes.append(set(pipe.variables))
        self._loops += keyword == "range"
        body, closing = self._body()
        self._loops -= keyword == "range"
        otherwise = self._otherwise(opening, closing)
        self._scopes.pop()
        return Block(keyword, pipe, body, otherwise)

    def _otherwise(self, opening: Statement, closing: Statement | None) -> tuple[Node, ...]:
        if closing is None:
            raise unclosed(opening)
        if closing.keyword == "end":
            return ()
        if closing.chained:
            return (self._block(closing, closing.chained),)
        self._scopes.append(set())
        nodes, end = self._body()
        self._scopes.pop()
        if end is None:
            raise unclosed(opening)
        if end.keyword == "else":
            raise _stray(end)
        return nodes


def check_variables(pipe: Pipe, declared: set[str]) -> None:
    """Refuse a `$x` that nothing declares before."""
    for inner in nested_pipes(pipe):
        for path in paths_of(inner):
            if isinstance(path.base, str) and path.base not in declared:
                raise _undeclared(path.base, path.line, path.column)
    if pipe.assigns:
        for name in pipe.variables:
            if name not in declared:
                raise _undeclared(name, pipe.line, pipe.column)


def unclosed(opening: Statement) -> TemplateError:
    """Say that a block has no end."""
    return TemplateError(
        f'"{opening.keyword}" has no {{{{end}}}}',
        opening.action.line,
        opening.action.column,
        "add {{end}} inside the same value, or alone on a line for a block over whole lines",
    )


def _stray(statement: Statement) -> TemplateError:
    return TemplateError(
        f'"{statement.keyword}" belongs to no {{{{if}}}}',
        statement.action.line,
        statement.action.column,
    )


def _undeclared(name: str, line: int, column: int) -> TemplateError:
    return TemplateError(
        f"the variable {name} is not declared", line, column, f"declare it: {{{{{name} := ...}}}}"
    )
