"""Where tasks lead, read from the text: every branch of every condition counts."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from formicary.domain.document_nodes import Entry, Listing, Mapping, Node, Scalar
from formicary.domain.document_scopes import Scope
from formicary.domain.states import ERROR_TARGET_PREFIX, Target
from formicary.domain.templating.nodes import Block, Output, Template, Text
from formicary.domain.templating.nodes import Node as TemplateNode

TARGETS = frozenset(Target)
_MAX_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Route:
    """One way out of a task; `target` is None where only rendering can tell."""

    label: str
    target: str | None
    line: int
    column: int
    field: str

    @property
    def to_task(self) -> bool:
        """Whether it leads to a task (one that may not exist)."""
        return (
            self.target is not None
            and self.target not in TARGETS
            and not self.target.startswith(ERROR_TARGET_PREFIX)
        )


@dataclass(slots=True, eq=False)
class TaskEntry:
    """A task by name, with the alternatives that conditions choose between.

    `joins` are the names in its `depends_on`, those of every alternative.
    """

    name: str
    index: int
    variants: list[tuple[Mapping, Scope | None]] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    joins: list[Scalar] = field(default_factory=list)

    @property
    def node(self) -> Mapping:
        """The first of its alternatives."""
        return self.variants[0][0]

    def has(self, key: str) -> bool:
        """Whether any alternative has a value for the key."""
        return any(
            not isinstance(entry.value, Scalar) or entry.value.structural() is not None
            for node, _ in self.variants
            for entry in node.all(key)
        )

    def place(self, key: str) -> tuple[int, int]:
        """Return line and column of a key's value, or of the task."""
        for node, _ in self.variants:
            if (found := node.get(key)) is not None:
                return found.line, found.column
        return self.node.line, self.node.column


def routes_of(node: Mapping) -> Iterator[Route]:
    """Yield the routes of one alternative of a task, those of all conditions."""
    for entry in node.entries:
        match entry.key.text:
            case "on_completed":
                yield from _targets("completed", entry.value, "on_completed")
            case "on_failed":
                yield from _targets("failed", entry.value, "on_failed")
            case "on_exit_code" if isinstance(entry.value, Mapping):
                for inner in entry.value.entries:
                    yield from _exit_routes(inner)


def named_in(node: Mapping, key: str) -> Iterator[Scalar]:
    """Yield the names that a list of tasks holds, those of every condition."""
    for entry in node.all(key):
        match entry.value:
            case Scalar():
                yield entry.value
            case Listing():
                yield from (i.value for i in entry.value.items if isinstance(i.value, Scalar))
            case Mapping():
                yield from (inner.key for inner in entry.value.entries)


def task_names(scalar: Scalar, known: Collection[str]) -> list[str]:
    """Return the names in one text: a bare text may hold several; none where a template stands."""
    if scalar.templated or scalar.structural() is None:
        return []
    return [scalar.text] if scalar.text in known else scalar.text.replace(",", " ").split() or [""]


def _exit_routes(entry: Entry) -> Iterator[Route]:
    code = entry.key.text.strip().upper()
    yield from _targets(_label(code), entry.value, f"on_exit_code.{code}")


def _label(code: str) -> str:
    return code.lower() if code in (Target.COMPLETED, Target.FAILED) else code


def _targets(label: str, node: Node, field_name: str) -> Iterator[Route]:
    if isinstance(node, Listing):
        for item in node.items:
            yield from _targets(label, item.value, field_name)
    elif isinstance(node, Scalar) and (node.templated or node.structural() is not None):
        for text in _texts_of(node):
            yield Route(label, text, node.line, node.column, field_name)


def _texts_of(scalar: Scalar) -> list[str | None]:
    if scalar.template is None:
        return [scalar.text.strip()]
    texts = possible_texts(scalar.template)
    if texts is None:
        return [None]
    return [text.strip() for text in sorted(texts) if text.strip()]


def possible_texts(template: Template) -> set[str] | None:
    """Return every text that a template can give, None when only rendering can tell."""
    return _texts(template.nodes)


def _texts(nodes: tuple[TemplateNode, ...]) -> set[str] | None:
    texts = {""}
    for node in nodes:
        match node:
            case Text(text):
                added: set[str] | None = {text}
            case Block("if" | "with", _, body, otherwise):
                first, second = _texts(body), _texts(otherwise)
                added = first | second if first is not None and second is not None else None
            case Output(pipe) if pipe.variables:
                continue
            case _:
                return None
        if added is None or len(texts) * len(added) > _MAX_TEXTS:
            return None
        texts = {before + after for before in texts for after in added}
    return texts
