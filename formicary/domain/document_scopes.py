"""Conditions over whole lines: which blocks surround a line, which `$x` it sees."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.document_text import template_fault
from formicary.domain.faults import Fault
from formicary.domain.templating.assembler import check_variables, unclosed
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.evaluator import Env, Evaluation
from formicary.domain.templating.nodes import Pipe, names_in
from formicary.domain.templating.parser import Statement

_MAX_DEPTH = 40
_MAX_DECLARATIONS = 100


@dataclass(slots=True, eq=False)
class LineBlock:
    """An `if`, `with` or `range` over lines; a branch without a pipeline is its `else`."""

    opening: Statement
    outer: "Scope | None"
    branches: list[tuple[str, Pipe | None]] = field(default_factory=list)

    @property
    def ranges(self) -> bool:
        """Whether its lines are there once for each item."""
        return self.opening.keyword == "range"


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """What `.` and the variables of a `range` are in one of its rounds."""

    dot: Any
    variables: dict[str, Any]

    @classmethod
    def of(cls, pipe: Pipe, key: Any, item: Any) -> "Binding":
        """Bind the variables of a pipeline: an item, or a key and an item."""
        values = (key, item) if len(pipe.variables) > 1 else (item,)
        return cls(item, dict(zip(pipe.variables, values, strict=False)))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One branch of a block, the lines below a declaration, or one round of a `range`."""

    parent: "Scope | None"
    block: LineBlock | None = None
    branch: int = 0
    declaration: Pipe | None = None
    declared: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    round: Binding | None = None

    @property
    def ranges(self) -> bool:
        """Whether a `range` is around, so that its lines may be there any number of times."""
        return any(block.ranges for block in self.branches())

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
        self._declarations = 0
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

    @property
    def range_is_among(self) -> bool:
        """Whether any of them is a `range`."""
        return any(scope and scope.block and scope.block.ranges for scope in self._scopes)

    def at(self, line: int) -> Scope | None:
        """Return the innermost scope of a line."""
        place = bisect_right(self._lines, line) - 1
        return self._scopes[place] if place >= 0 else None

    def _take(self, statement: Statement) -> None:
        match statement.keyword:
            case "comment":
                return
            case "if" | "with" | "range":
                self._begin(statement)
            case "else":
                self._else(statement)
            case "end":
                self._current = self._closing(statement).outer
                self._open.pop()
            case "":
                self._declare(statement)
            case keyword:
                raise _error(statement, f'"{keyword}" cannot stand alone on a line')

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
        self._declarations += 1
        if self._declarations > _MAX_DECLARATIONS + 1:
            return
        if self._declarations > _MAX_DECLARATIONS:
            # Each is a scope inside the one before, and scopes are looked up from the inside.
            message = (
                f"a job declares at most {_MAX_DECLARATIONS} variables on lines of their own; "
                "use job_variables"
            )
            raise _error(statement, message)
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


class ScopeFrame:
    """The scopes of one rendering: each condition is evaluated once."""

    def __init__(
        self, evaluation: Evaluation, known: Mapping[Scope, Env | None] | None = None
    ) -> None:
        """Start with the root scope of an evaluation, and what is known of others."""
        self.evaluation = evaluation
        self._environments: dict[Scope, Env | None] = dict(known or {})
        self._chosen: dict[LineBlock, tuple[int, Env | None]] = {}
        self._rounds: dict[LineBlock, Env] = {}

    def environment(self, scope: Scope | None) -> Env | None:
        """Return what a scope sees, None when its lines are not there."""
        if scope is None:
            return self.evaluation.root
        if scope not in self._environments:
            self._environments[scope] = self._enter(scope)
        return self._environments[scope]

    def range_around(self, scope: Scope | None) -> LineBlock | None:
        """Return the outermost `range` around that is not in one of its rounds here."""
        found = None
        while scope is not None:
            block = scope.block
            if block and block.ranges and scope.branch == 0 and block not in self._rounds:
                found = block
            scope = scope.parent
        return found

    def rounds(self, block: LineBlock) -> Iterator["ScopeFrame"]:
        """Yield a frame for each round of a `range`, none when its lines are not there."""
        outer = self.environment(block.outer)
        pipe = block.branches[0][1]
        if outer is None or pipe is None:
            return
        declared = Env(outer.dot, {}, outer)
        for key, item in self.evaluation.pairs(pipe, declared):
            binding = Binding.of(pipe, key, item)
            known = {s: e for s, e in self._environments.items() if not _within(s, block)}
            frame = ScopeFrame(self.evaluation, known)
            # Conditions outside are known; those inside are to be evaluated in each round.
            frame._chosen = {b: c for b, c in self._chosen.items() if not _within(b.outer, block)}
            frame._rounds = {**self._rounds, block: Env(item, binding.variables, declared)}
            yield frame

    def _enter(self, scope: Scope) -> Env | None:
        outer = self.environment(scope.parent)
        if outer is None:
            return None
        if scope.round:
            return Env(scope.round.dot, dict(scope.round.variables), outer)
        if scope.block and scope.block.ranges:
            return self._enter_range(scope.block, scope.branch, outer)
        if scope.block:
            branch, env = self._choose(scope.block, outer)
            return env if branch == scope.branch else None
        env = Env(outer.dot, {}, outer)
        if scope.declaration:
            self.evaluation.value(scope.declaration, env)
        return env

    def _enter_range(self, block: LineBlock, branch: int, outer: Env) -> Env | None:
        if branch == 0:
            return self._rounds.get(block)
        if block not in self._chosen:
            pipe = block.branches[0][1]
            empty = pipe and not self.evaluation.pairs(pipe, Env(outer.dot, {}, outer))
            self._chosen[block] = (1, outer) if empty else (0, None)
        chosen, env = self._chosen[block]
        return env if chosen == branch else None

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


def _within(scope: Scope | None, block: LineBlock) -> bool:
    return scope is not None and block in scope.branches()


def _error(statement: Statement, message: str, mend: str = "") -> TemplateError:
    return TemplateError(message, statement.action.line, statement.action.column, mend)
