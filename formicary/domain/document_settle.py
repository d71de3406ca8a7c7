"""Settles in one round of an unrolled `range` what no variable of a run can change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from formicary.domain.document_nodes import Entry, Item, Listing, Node, Scalar
from formicary.domain.document_nodes import Mapping as MappingNode
from formicary.domain.document_scopes import Scope, ScopeFrame
from formicary.domain.document_text import template_fault
from formicary.domain.faults import Fault
from formicary.domain.field_types import Rendered
from formicary.domain.templating import Evaluation, TemplateError
from formicary.domain.templating.environment import Env

E = TypeVar("E", Entry, Item)
# What the structure of a job is made of: as the range itself, fixed by the job's own variables.
_STRUCTURE = frozenset(
    {
        "task_type",
        "on_completed",
        "on_failed",
        "on_exit_code",
        "dependencies",
        "depends_on",
        "await_forked_tasks",
    }
)


class Known(Mapping[str, Any]):
    """Variables that are known before any run; asking for another one is remembered."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        """Take the variables; a value with a template in it is none that is known."""
        self._variables = {k: v for k, v in variables.items() if "{{" not in str(v)}
        self.asked = False

    def __getitem__(self, name: str) -> Any:
        """Return a variable that is known."""
        if name not in self:
            raise KeyError(name)
        return self._variables[name]

    def __contains__(self, name: object) -> bool:
        """Whether a variable is known."""
        self.asked = self.asked or name not in self._variables
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        """Go over those that are known: there may be others."""
        self.asked = True
        return iter(self._variables)

    def __len__(self) -> int:
        """Count those that are known: there may be others."""
        self.asked = True
        return len(self._variables)


class _View:
    """What scopes see by some variables, and whether that is certain."""

    def __init__(self, outer: Scope | None, variables: Mapping[str, Any]) -> None:
        self.known = Known(variables)
        evaluation = Evaluation(self.known)
        env = surroundings(outer, evaluation)
        self.frame = ScopeFrame(evaluation, {outer: env} if outer else None)
        self._seen: dict[Scope, tuple[Env | None, bool]] = {}
        if outer:
            self._seen[outer] = (env, env is not None and not self.known.asked)

    def environment(self, scope: Scope | None) -> tuple[Env | None, bool]:
        """Return what a scope sees (None: it is not there), and whether that is certain."""
        if scope is None:
            return self.frame.evaluation.root, True
        if scope not in self._seen:
            _, certain = self.environment(scope.parent)
            self.known.asked = False
            try:
                env = self.frame.environment(scope)
            except TemplateError:
                env, certain = None, False
            self._seen[scope] = (env, certain and not self.known.asked)
        return self._seen[scope]

    def text(self, scalar: Scalar, env: Env) -> str | None:
        """Return the text of a scalar, None when a variable of a run can change it."""
        self.known.asked = False
        try:
            text = self.frame.evaluation.render(scalar.template, env) if scalar.template else None
        except TemplateError:
            if self.known.asked:
                return None
            raise
        return None if self.known.asked else text


class Settler:
    """Drops elements whose conditions are false, and fills templates that see only the round."""

    def __init__(self, outer: Scope | None, variables: Mapping[str, Any]) -> None:
        """Take the scope around the `range`, the only one that what is settled needs.

        `variables` are the job's own: they settle names of tasks and routes.
        """
        self._outer = outer
        self._run = _View(outer, {})
        self._structure = _View(outer, variables)
        self.faults: list[Fault] = []

    def settled(self, elements: Sequence[E]) -> Iterator[E]:
        """Yield the elements that are there, or may be."""
        return self._settled(elements, self._run)

    def _settled(self, elements: Sequence[E], view: _View) -> Iterator[E]:
        for element in elements:
            own = view
            if isinstance(element, Entry) and element.key.text in _STRUCTURE:
                own = self._structure
            env, certain = own.environment(element.scope)
            if env is None and certain:
                continue
            parts: list[Node] = []
            if isinstance(element, Entry):
                element.key = self._scalar(element.key, env, own)
                parts.append(element.key)
            element.value = self._node(element.value, env, own)
            parts.append(element.value)
            if certain and not any(isinstance(p, Scalar) and p.templated for p in parts):
                element.scope = self._outer
            yield element

    def _node(self, node: Node, env: Env | None, view: _View) -> Node:
        if isinstance(node, Scalar):
            return self._scalar(node, env, view)
        if isinstance(node, MappingNode):
            node.entries = list(self._settled(node.entries, view))
        elif isinstance(node, Listing):
            node.items = list(self._settled(node.items, view))
        return node

    def _scalar(self, scalar: Scalar, env: Env | None, view: _View) -> Scalar:
        if scalar.template is None or env is None:
            return scalar
        try:
            text = view.text(scalar, env)
        except TemplateError as error:
            self.faults.append(template_fault(error))
            return scalar
        if text is None:
            return scalar
        if not scalar.plain:
            return Scalar(text, scalar.line, scalar.column)
        text = text.strip()
        typed = not isinstance(Rendered(text).resolved(), str)
        return Scalar(text, scalar.line, scalar.column, plain=typed)


def surroundings(scope: Scope | None, evaluation: Evaluation) -> Env | None:
    """Return what a scope sees, whether its conditions hold or not; None in a `range`."""
    if scope is None:
        return evaluation.root
    outer = surroundings(scope.parent, evaluation)
    if outer is None or (scope.block and scope.block.ranges):
        return None
    if scope.round:
        return Env(scope.round.dot, dict(scope.round.variables), outer)
    if scope.declaration:
        outer = Env(outer.dot, {}, outer)
        evaluation.value(scope.declaration, outer)
    for keyword, pipe in scope.block.branches[: scope.branch + 1] if scope.block else ():
        if pipe and (keyword == "with" or pipe.variables):
            outer = evaluation.enter(keyword, pipe, outer)[1]
    return outer
