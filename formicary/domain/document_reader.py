"""Reads prepared YAML into nodes, event by event, within limits on depth and on aliases."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from formicary.domain.document_nodes import Entry, Item, Listing, Mapping, Node, Scalar
from formicary.domain.document_text import MARK, WORD, PreparedText
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.templating.assembler import Part

MAX_DEPTH = 40
MAX_NODES = 60_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
_CONTROL_IN_BLOCK = re.compile(
    rf"(?m:^)[ \t]*#{MARK}((?:{WORD.pattern.replace('(', '(?:')})+)[ \t]*(?:\n|\Z)"
    rf"|#{MARK}((?:{WORD.pattern.replace('(', '(?:')})+)[ ]?"
)
_MENDS = (
    ("tab", "a tab cannot indent", "indent with spaces"),
    ("could not find expected ':'", 'a ":" is missing after the key', ""),
    (
        "mapping values are not allowed",
        'a ":" stands where none can',
        "indent the line as those around it, or quote the value",
    ),
    (
        "did not find expected key",
        "the line does not fit the ones above",
        "check its indentation, or quote the value",
    ),
    (
        "block sequence entry",
        'a "-" stands where none can',
        "indent the line as those around it",
    ),
    (
        "invalid Unicode",
        "an escape stands for no character",
        "write the character itself, or a backslash as two",
    ),
    ("unknown escape", "an escape is not known", "write a backslash as two, or use single quotes"),
    ("quoted scalar", "a quote is not closed", "close it, or quote the whole value"),
    ("undefined alias", "an alias names no anchor", "quote a value that begins with *"),
    ("while scanning an alias", "an alias has no name", "quote a value that begins with *"),
    (
        "did not find expected alphabetic or numeric character",
        "an alias or anchor has no name",
        "quote a value that begins with * or &",
    ),
)


class ReadError(Exception):
    """The text is no YAML that a job can be."""

    def __init__(self, fault: Fault) -> None:
        """Take the one fault that ends the reading."""
        super().__init__(fault.message)
        self.fault = fault


@dataclass(slots=True)
class YamlTree:
    """A tree, its templated scalars, and its maps in which a key stands twice."""

    root: Node
    templated: list[Scalar]
    doubled: list[Mapping]


def read_yaml(prepared: PreparedText) -> YamlTree:
    """Read the tree; ReadError when that cannot be done."""
    reader = _Reader(prepared)
    try:
        return YamlTree(reader.root(), reader.templated, reader.doubled)
    except yaml.YAMLError as error:
        raise ReadError(_yaml_fault(error, prepared)) from error


class _Reader:
    def __init__(self, prepared: PreparedText) -> None:
        self._prepared = prepared
        self._events: Iterator[Any] = yaml.parse(prepared.yaml, Loader=_LOADER)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0
        self.templated: list[Scalar] = []
        self.doubled: list[Mapping] = []

    def root(self) -> Node:
        event = self._after(yaml.StreamStartEvent, yaml.DocumentStartEvent)
        if isinstance(event, yaml.StreamEndEvent):
            raise ReadError(
                Fault(FaultCode.NOT_YAML, "the text is empty", "write a job definition", 1, 1)
            )
        node = self._node(event, 0)
        following = self._after(yaml.DocumentEndEvent)
        if not isinstance(following, yaml.StreamEndEvent):
            raise self._error(following, "there is more than one document", "remove the line ---")
        return node

    def _after(self, *kinds: type) -> Any:
        event = next(self._events)
        while isinstance(event, kinds):
            event = next(self._events)
        return event

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._spend(1, event)
        before = self._count
        if depth > MAX_DEPTH:
            raise self._error(
                event,
                f"values stand more than {MAX_DEPTH} deep in each other",
                "flatten them",
                FaultCode.TOO_DEEP,
            )
        tag = event.tag
        if tag not in (None, "!") and tag not in _TAGS and not tag.endswith((":map", ":seq")):
            raise self._error(event, f"the tag {tag} is not known", "remove the tag")
        node = self._collection(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = (node, self._count - before + 1)
        return node

    def _collection(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        line, column = self._prepared.place(event.start_mark)
        if isinstance(event, yaml.SequenceStartEvent):
            listing = Listing(line, column)
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                listing.items.append(Item(self._node(inner, depth + 1)))
            return listing
        return self._mapping(Mapping(line, column), depth)

    def _mapping(self, mapping: Mapping, depth: int) -> Mapping:
        merged: list[Entry] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise self._error(
                    event, "a key must be a word", "quote a key that begins with [ or {"
                )
            value = self._node(next(self._events), depth + 1)
            if key.text == "<<" and key.plain and not isinstance(value, Scalar):
                merged += _merged(value)
            else:
                goes_on = key.line in self._prepared.list_goes_on and isinstance(value, Listing)
                mapping.entries.append(Entry(key, value, goes_on=goes_on))
        own = {entry.key.text for entry in mapping.entries}
        if len(own) < len(mapping.entries):
            self.doubled.append(mapping)
        mapping.entries += (entry for entry in merged if entry.key.text not in own)
        return mapping

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._error(
                event,
                f"the alias *{event.anchor} names no anchor",
                "quote a value that begins with *",
            )
        node, weight = self._anchors[event.anchor]
        self._spend(weight, event)
        return node

    def _spend(self, weight: int, event: Any) -> None:
        self._count += weight
        if self._count > MAX_NODES:
            raise self._error(
                event,
                f"the text has more than {MAX_NODES} values",
                "use fewer aliases",
                FaultCode.TOO_MANY_VALUES,
            )

    def _scalar(self, event: Any) -> Scalar:
        line, column = self._prepared.place(event.start_mark)
        plain = not event.style and bool(event.implicit[0])
        if event.tag in _TAGS:
            plain = not event.tag.endswith(":str") and not event.style
        if not WORD.search(event.value):
            return Scalar(event.value, line, column, plain)
        scalar = Scalar(self._prepared.raw(event.value), line, column, plain)
        parts = self._parts(event.value)
        if any(not isinstance(part, str) for part in parts):
            scalar.parts = parts
            self.templated.append(scalar)
        return scalar

    def _parts(self, value: str) -> list[Part]:
        parts: list[Part] = []
        offset = 0
        # A control line leaves nothing of its own behind.
        text = (
            _CONTROL_IN_BLOCK.sub(lambda found: found[1] or found[2], value)
            if MARK in value
            else value
        )
        for found in WORD.finditer(text):
            parts.append(text[offset : found.start()])
            word = int(found[1])
            parts.append(self._prepared.statement(word) or self._prepared.raw(found[0]))
            offset = found.end()
            self._prepared.control_words.pop(word, None)
        parts.append(text[offset:])
        return _joined(parts)

    def _error(
        self, event: Any, message: str, mend: str, code: FaultCode = FaultCode.NOT_YAML
    ) -> ReadError:
        line, column = self._prepared.place(event.start_mark)
        return ReadError(Fault(code, message, mend, line, column))


def _joined(parts: list[Part]) -> list[Part]:
    """Join neighbouring texts."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(last := joined[-1], str):
            joined[-1] = last + part
        elif part != "":
            joined.append(part)
    return joined


def _merged(value: Node) -> list[Entry]:
    """Return the entries that `<<` brings: of a map, or of each map of a list."""
    if isinstance(value, Mapping):
        return [Entry(entry.key, entry.value, entry.scope) for entry in value.entries]
    entries: dict[str, Entry] = {}
    for item in value.items if isinstance(value, Listing) else ():
        for entry in _merged(item.value):
            entries.setdefault(entry.key.text, entry)
    return list(entries.values())


def _yaml_fault(error: yaml.YAMLError, prepared: PreparedText) -> Fault:
    mark = None
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        line, column = prepared.locate(mark.index) if mark else (1, 1)
    elif isinstance(error, yaml.reader.ReaderError):
        line, column = prepared.locate(error.position)
        said = f"the character {error.character!r} is not allowed"
    else:
        line, column, said = 1, 1, str(error)
    if (
        "cannot start any token" in said
        and mark
        and prepared.yaml[mark.index : mark.index + 1] == "\t"
    ):
        said = "tab"
    for sign, message, mend in _MENDS:
        if sign in said:
            return Fault(FaultCode.NOT_YAML, message, mend, line, column)
    return Fault(FaultCode.NOT_YAML, f"the text is no YAML: {said}", "", line, column)
