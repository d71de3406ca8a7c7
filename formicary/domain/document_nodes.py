"""The tree of a definition's text: maps, lists and scalars that know their line and conditions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from formicary.domain.document_scopes import Scope, exclusive
from formicary.domain.field_types import Plain
from formicary.domain.templating.assembler import Part
from formicary.domain.templating.nodes import Template

Path = Sequence[str | int]


@dataclass(slots=True, eq=False)
class Scalar:
    """A text; with a template, the text is the template as the user wrote it."""

    text: str
    line: int
    column: int
    plain: bool = False
    parts: list[Part] | None = None
    template: Template | None = None

    @property
    def templated(self) -> bool:
        """Whether rendering can change it."""
        return self.parts is not None

    def structural(self) -> str | None:
        """Return the value that an untemplated field takes; a template gives its text."""
        if self.parts is not None or not self.plain:
            return self.text
        plain = Plain(self.text)
        return None if plain.resolved() is None else plain


@dataclass(slots=True, eq=False)
class Entry:
    """A key and its value; `scope` says when it is there.

    `goes_on` marks more items of a list that the same key has before.
    """

    key: Scalar
    value: "Node"
    scope: Scope | None = None
    goes_on: bool = False


@dataclass(slots=True, eq=False)
class Mapping:
    """A map; a key stands twice only under conditions that exclude each other."""

    line: int
    column: int
    entries: list[Entry] = field(default_factory=list)

    def all(self, key: str) -> list[Entry]:
        """Return every entry of a key: several when conditions choose between them."""
        return [entry for entry in self.entries if entry.key.text == key]

    def get(self, key: str) -> "Node | None":
        """Return the value of the first entry of a key."""
        return next((entry.value for entry in self.entries if entry.key.text == key), None)


@dataclass(slots=True, eq=False)
class Item:
    """An item of a list; `scope` says when it is there."""

    value: "Node"
    scope: Scope | None = None


@dataclass(slots=True, eq=False)
class Listing:
    """A list."""

    line: int
    column: int
    items: list[Item] = field(default_factory=list)


Node = Scalar | Mapping | Listing


def children(node: Node) -> Iterator[tuple[Node, Scope | None]]:
    """Yield the nodes directly below one, keys included, with their scopes."""
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield entry.key, entry.scope
            yield entry.value, entry.scope
    elif isinstance(node, Listing):
        for item in node.items:
            yield item.value, item.scope


def is_dynamic(node: Node, scope: Scope | None = None) -> bool:
    """Whether rendering with other variables can give another value."""
    if isinstance(node, Scalar):
        return node.templated
    return any(inner is not scope or is_dynamic(child, inner) for child, inner in children(node))


def names_below(node: Node, scope: Scope | None = None) -> Iterator[str]:
    """Yield the top-level variables that the templates below mention, conditions included."""
    if scope:
        yield from scope.names
    if isinstance(node, Scalar):
        if node.template:
            yield from node.template.names
        return
    for child, inner in children(node):
        yield from names_below(child, inner if inner is not scope else None)


def project(node: Node, choice: int = 0) -> object:
    """Return the structure with templates as their text; of excluding entries, the chosen one."""
    if isinstance(node, Scalar):
        return node.structural()
    if isinstance(node, Listing):
        return [project(item.value, choice) for item in node.items]
    chosen: dict[str, object] = {}
    for entry in chosen_entries(node, choice):
        chosen[entry.key.text] = project(entry.value, choice)
    return chosen


def chosen_entries(node: Mapping, choice: int) -> list[Entry]:
    """Return one entry a key: the `choice`-th of those that exclude each other."""
    if len({entry.key.text for entry in node.entries}) == len(node.entries):
        return node.entries
    by_key: dict[str, list[Entry]] = {}
    for entry in node.entries:
        by_key.setdefault(entry.key.text, []).append(entry)
    return [entries[min(choice, len(entries) - 1)] for entries in by_key.values()]


def choices(node: Node) -> int:
    """Return how many projections it takes to see every entry."""
    most = max((choices(child) for child, _ in children(node)), default=1)
    if isinstance(node, Mapping) and node.entries:
        counts: dict[str, int] = {}
        for entry in node.entries:
            counts[entry.key.text] = counts.get(entry.key.text, 0) + 1
        most = max(most, *counts.values())
    return most


def doubles(node: Mapping) -> Iterator[tuple[Entry, Entry]]:
    """Yield entries of one key that can both be there."""
    seen: dict[str, list[Entry]] = {}
    for entry in (entry for entry in node.entries if not entry.goes_on):
        for earlier in seen.setdefault(entry.key.text, []):
            if not exclusive(earlier.scope, entry.scope):
                yield earlier, entry
                break
        seen[entry.key.text].append(entry)


def place_of(node: Node, path: Path, choice: int = 0, *, key: bool = False) -> tuple[Node, bool]:
    """Walk down as far as a path leads; return that node (or its key) and whether it is the end.

    Steps that name nothing here are passed over: validators add some of their own.
    """
    found: Node = node
    complete = False
    for step in path:
        below, complete = _step(found, step, choice), False
        if below is None:
            continue
        entry_key, found = below
        complete = True
        if key and entry_key is not None and step == path[-1]:
            return entry_key, True
    return found, complete


def _step(node: Node, step: str | int, choice: int) -> tuple[Scalar | None, Node] | None:
    if isinstance(node, Mapping):
        for entry in chosen_entries(node, choice):
            if entry.key.text == str(step):
                return entry.key, entry.value
    elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
        return None, node.items[step].value
    return None
