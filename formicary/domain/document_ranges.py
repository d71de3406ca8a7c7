"""Unrolls a `range` over whole lines at upload, where it goes over what the job itself says.

What it goes over must be known from `job_variables`; any other `range` stays until it is rendered.
In the copies, all that depends on the round alone is settled: names of tasks, routes, conditions.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from itertools import groupby
from typing import Any, TypeVar

from formicary.domain.document_nodes import Entry, Item, Listing, Mapping, Node
from formicary.domain.document_scopes import Binding, LineBlock, Scope
from formicary.domain.document_settle import Known, Settler, surroundings
from formicary.domain.document_text import template_fault
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.templating import Evaluation, TemplateError
from formicary.domain.templating.environment import Env

MAX_COPIES = 60_000
E = TypeVar("E", Entry, Item)
Pairs = Sequence[tuple[Any, Any]]


class _TooManyError(Exception):
    def __init__(self, place: LineBlock) -> None:
        super().__init__()
        self.place = place


def unroll(root: Mapping, variables: AbstractMapping[str, Any]) -> list[Fault]:
    """Replace each `range` that is known by its rounds; return what is wrong with them."""
    unroller = _Unroller(variables)
    try:
        unroller.inside(root)
    except _TooManyError as error:
        action = error.place.opening.action
        message = f"the rounds of the ranges make more than {MAX_COPIES} values"
        mend = "range over less, or inside a value"
        place = (action.line, action.column)
        unroller.faults.append(Fault(FaultCode.TOO_MANY_VALUES, message, mend, *place))
    return unroller.faults


class _Unroller:
    def __init__(self, variables: AbstractMapping[str, Any]) -> None:
        self._variables = variables
        self._copies = 0
        self._pairs: dict[LineBlock, Pairs | None] = {}
        self.faults: list[Fault] = []

    def inside(self, node: Node) -> None:
        if isinstance(node, Mapping):
            node.entries = list(self._unrolled(node.entries))
            for entry in node.entries:
                self.inside(entry.value)
        elif isinstance(node, Listing):
            node.items = list(self._unrolled(node.items))
            for item in node.items:
                self.inside(item.value)

    def _unrolled(self, elements: Sequence[E]) -> Iterator[E]:
        for block, group in groupby(elements, lambda element: self._range_of(element.scope)):
            repeated = list(group)
            pairs = self._known(block) if block else None
            if block is None or pairs is None:
                yield from repeated
                continue
            for key, item in pairs:
                yield from self._round(block, repeated, key, item)
            if not pairs:
                others = _Swap(block, None, 1)
                yield from self._unrolled(
                    [self._copied(e, others) for e in repeated if others.takes(e)]
                )

    def _round(self, block: LineBlock, elements: Sequence[E], key: Any, item: Any) -> Iterator[E]:
        pipe = block.branches[0][1]
        assert pipe is not None  # noqa: S101 - a range has one
        swap = _Swap(block, Binding.of(pipe, key, item), 0)
        copies = [self._copied(element, swap) for element in elements if swap.takes(element)]
        unrolled = list(self._unrolled(copies))
        for copy in unrolled:
            self.inside(copy.value)
        settler = Settler(block.outer, self._variables)
        yield from settler.settled(unrolled)
        self.faults += settler.faults

    def _range_of(self, scope: Scope | None) -> LineBlock | None:
        """Return the outermost `range` around that can be unrolled."""
        found = None
        while scope is not None:
            if scope.block and scope.block.ranges and self._known(scope.block) is not None:
                found = scope.block
            scope = scope.parent
        return found

    def _known(self, block: LineBlock) -> Pairs | None:
        if block not in self._pairs:
            self._pairs[block] = self._evaluated(block)
        return self._pairs[block]

    def _evaluated(self, block: LineBlock) -> Pairs | None:
        known = Known(self._variables)
        evaluation = Evaluation(known)
        pipe = block.branches[0][1]
        try:
            env = surroundings(block.outer, evaluation)
            pairs = evaluation.pairs(pipe, Env(env.dot, {}, env)) if pipe and env else None
        except TemplateError as error:
            if not known.asked:
                self.faults.append(template_fault(error))
            return None
        return None if known.asked else pairs

    def _copied(self, element: E, swap: "_Swap") -> E:
        self._copies += 1
        if self._copies > MAX_COPIES:
            raise _TooManyError(swap.block)
        value, scope = self._copy_of(element.value, swap), swap.scope(element.scope)
        if isinstance(element, Item):
            return Item(value, scope)
        return Entry(element.key, value, scope, element.goes_on)

    def _copy_of(self, node: Node, swap: "_Swap") -> Node:
        if isinstance(node, Mapping):
            entries = [self._copied(entry, swap) for entry in node.entries]
            return Mapping(node.line, node.column, entries)
        if isinstance(node, Listing):
            return Listing(node.line, node.column, [self._copied(i, swap) for i in node.items])
        return node


class _Swap:
    """Puts one round in the place of a block, in the scopes of a copy."""

    def __init__(self, block: LineBlock, binding: Binding | None, branch: int) -> None:
        self.block = block
        self._binding = binding
        self._branch = branch
        self._scopes: dict[Scope, Scope | None] = {}
        self._blocks: dict[LineBlock, LineBlock] = {}

    def takes(self, element: Entry | Item) -> bool:
        """Whether an element belongs to the branch that is copied."""
        return bool(element.scope) and element.scope.branches().get(self.block) == self._branch  # type: ignore[union-attr]

    def scope(self, scope: Scope | None) -> Scope | None:
        """Return what stands for a scope in the copy."""
        if scope is None or self.block not in scope.branches():
            return scope
        if scope not in self._scopes:
            self._scopes[scope] = self._made(scope)
        return self._scopes[scope]

    def _made(self, scope: Scope) -> Scope | None:
        parent = self.scope(scope.parent)
        if scope.block is self.block:
            if self._binding is None:
                return parent
            return Scope(parent, declared=scope.declared, names=scope.names, round=self._binding)
        block = self._inner(scope.block, parent) if scope.block else None
        return Scope(
            parent, block, scope.branch, scope.declaration, scope.declared, scope.names, scope.round
        )

    def _inner(self, block: LineBlock, parent: Scope | None) -> LineBlock:
        if block not in self._blocks:
            self._blocks[block] = LineBlock(block.opening, parent, block.branches)
        return self._blocks[block]
