"""Conditions over whole lines: which blocks surround a line, which `$x` it sees."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from formicary.domain.document_text import template_fault
from formicary.domain.faults import Fault
from formicary.domain.templating.assembler import check_variables, unclosed
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.evaluator import Env, Evaluation
from formicary.domain.templating.nodes import Pipe, names_in
from formicary.domain.templating.parser import Statement

_MAX_DEPTH = 40


@dataclass(slots=True, eq=False)
class LineBlock:
    """An `if` or `with` over lines; a branch without a pipeline is its `else`."""

    opening: Statement
    outer: "Scope | None"
    branches: list[tuple[str, Pipe | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One branch of a block, or the lines below a declaration."""

    parent: "Scope | None"
    block: LineBlock | None = None
    branch: int = 0
    declaration: Pipe | None = None
    declared: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def branches(self) -> dict[LineBlock, int]:
        """Return the branch of every block around."""
        found = self.parent.branches() if self.parent else {}
        if self.block:
            found[self.block] = self.branch
        return found


def exclusive(one: Scope | None, other: Scope | None) -> bool:
    """Whether two places can never both be there: different branches of one block."""
    if one is None or other is None:
        return False
    ours, theirs = one.branches(), other.branches()
    return any(theirs.get(block, branch) != branch for block, branch in ours.items())


class LineScopes:
    """The scopes of a text, by line."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        """Pair the blocks; what is wrong is in `faults`."""
        self.faults: list[Fault] = []
        self._lines: list[int] = []
        self._scopes: list[Scope | None] = []
        self._open: list[LineBlock] = []
        self._current: Scope | None = None
        for statement in statements:
            try:
                self._take(statement)
            except TemplateError as error:
                self.faults.append(template_fault(error))
            self._lines.append(statement.action.line)
            self._scopes.append(self._current)
        self.faults += (template_fault(unclosed(block.opening)) for block in self._open)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._lines)

    def at(self, line: int) -> Scope | None:
        """Return the innermost scope of a line."""
        place = bisect_right(self._lines, line) - 1
        return self._scopes[place] if place >= 0 else None

    def _take(self, statement: Statement) -> None:
        match statement.keyword:
            case "comment":
                return
            case "if" | "with":
                self._begin(statement)
            case "else":
                self._else(statement)
            case "end":
                self._current = self._closing(statement).outer
                self._open.pop()
            case "":
                self._declare(statement)
            case keyword:
                self._refuse(statement, keyword)

    def _begin(self, statement: Statement) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise _error(statement, "blocks are nested too deeply")
        block = LineBlock(statement, self._current)
        self._open.append(block)
        self._enter(block, statement.keyword, statement.pipe)

    def _else(self, statement: Statement) -> None:
        block = self._closing(statement)
        if block.branches[-1][1] is None:
            raise _error(statement, '"else" stands after the last "else"')
        self._enter(block, statement.chained, statement.pipe)

    def _enter(self, block: LineBlock, keyword: str, pipe: Pipe | None) -> None:
        block.branches.append((keyword, pipe))
        outer = block.outer
        declared = set(outer.declared) if outer else set()
        names = set(outer.names) if outer else set()
        for _, earlier in block.branches:
            if earlier:
                names.update(names_in(earlier))
                declared.update(earlier.variables)
        self._current = Scope(
            outer, block, len(block.branches) - 1, None, frozenset(declared), frozenset(names)
        )
        if pipe:
            check_variables(pipe, {"$", *declared})

    def _declare(self, statement: Statement) -> None:
        pipe = statement.pipe
        if pipe is None:
            return
        outer = self._current
        declared = outer.declared if outer else frozenset()
        check_variables(pipe, {"$", *declared})
        if pipe.assigns:
            raise _error(statement, "a variable cannot be changed between the lines of a job")
        names = (outer.names if outer else frozenset()) | set(names_in(pipe))
        self._current = Scope(
            outer, declaration=pipe, declared=declared | set(pipe.variables), names=names
        )

    def _closing(self, statement: Statement) -> LineBlock:
        if not self._open:
            raise _error(statement, f'"{statement.keyword}" belongs to no {{{{if}}}}')
        return self._open[-1]

    def _refuse(self, statement: Statement, keyword: str) -> None:
        if keyword == "range":
            # Keep its end paired, so that one fault is told and not two.
            self._open.append(LineBlock(statement, self._current, [("if", statement.pipe)]))
            raise _error(
                statement,
                "a range over whole lines is not supported yet",
                "use range inside a value, or list the lines",
            )
        raise _error(statement, f'"{keyword}" stands outside a range')


class ScopeFrame:
    """The scopes of one rendering: each condition is evaluated once."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Start with the root scope of an evaluation."""
        self.evaluation = evaluation
        self._environments: dict[Scope, Env | None] = {}
        self._chosen: dict[LineBlock, tuple[int, Env | None]] = {}

    def environment(self, scope: Scope | None) -> Env | None:
        """Return what a scope sees, None when its lines are not there."""
        if scope is None:
            return self.evaluation.root
        if scope not in self._environments:
            self._environments[scope] = self._enter(scope)
        return self._environments[scope]

    def _enter(self, scope: Scope) -> Env | None:
        outer = self.environment(scope.parent)
        if outer is None:
            return None
        if scope.block:
            branch, env = self._choose(scope.block, outer)
            return env if branch == scope.branch else None
        env = Env(outer.dot, {}, outer)
        if scope.declaration:
            self.evaluation.value(scope.declaration, env)
        return env

    def _choose(self, block: LineBlock, outer: Env) -> tuple[int, Env | None]:
        if block not in self._chosen:
            self._chosen[block] = self._first_true(block, outer)
        return self._chosen[block]

    def _first_true(self, block: LineBlock, outer: Env) -> tuple[int, Env | None]:
        for branch, (keyword, pipe) in enumerate(block.branches):
            if pipe is None:
                return branch, outer
            entered, outer = self.evaluation.enter(keyword, pipe, outer)
            if entered:
                return branch, outer
        return -1, None


def _error(statement: Statement, message: str, mend: str = "") -> TemplateError:
    return TemplateError(message, statement.action.line, statement.action.column, mend)
