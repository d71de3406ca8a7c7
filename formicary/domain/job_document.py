"""The text of a job definition as a tree: read once, rendered in parts as often as need be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from formicary.domain.document_nodes import Entry, Item, Listing, Mapping, Node, Scalar
from formicary.domain.document_reader import ReadError, read_yaml
from formicary.domain.document_scopes import LineScopes, Scope, ScopeFrame
from formicary.domain.document_text import PreparedText, prepare, template_fault
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.field_types import Plain, Rendered
from formicary.domain.templating import Env, TemplateError, assemble

MAX_BYTES = 256 * 1024
MAX_TASKS = 1000


@dataclass(slots=True)
class JobDocument:
    """The root of the tree and what was wrong with the text; no root when it could not be read.

    `doubled` has the maps in which a key stands twice, perhaps under excluding conditions;
    `ranges` tells whether a `range` stands over whole lines.
    """

    root: Mapping | None = None
    faults: list[Fault] = field(default_factory=list)
    doubled: list[Mapping] = field(default_factory=list)
    ranges: bool = False


def read_document(text: str | bytes) -> JobDocument:
    """Read the text of a definition; every fault of form and of templates is collected."""
    try:
        prepared = prepare(_decoded(text))
        if prepared.broken:
            return JobDocument(None, prepared.faults)
        tree = read_yaml(prepared)
    except ReadError as error:
        faults = [error.fault]
        if "prepared" in locals():
            faults += prepared.faults
        return JobDocument(None, faults)
    node = tree.root
    if not isinstance(node, Mapping):
        message = "a job definition is a map of keys such as job_type and tasks"
        return JobDocument(None, [*prepared.faults, Fault(FaultCode.NOT_YAML, message, "", 1, 1)])
    scopes = _line_scopes(prepared)
    faults = [*prepared.faults, *scopes.faults]
    if scopes:
        _assign(node, scopes, set())
    faults += _assemble(tree.templated, scopes)
    return JobDocument(node, faults, tree.doubled, scopes.range_is_among)


def render(node: Node, frame: ScopeFrame, env: Env, scope: Scope | None = None) -> object:
    """Return the value of a node for one frame: what a condition excludes is left out."""
    if isinstance(node, Scalar):
        return render_scalar(node, frame, env)
    if isinstance(node, Listing):
        return [
            render(item.value, inner_frame, inner, item.scope)
            for item, inner_frame, inner in _present(node.items, frame, env, scope)
        ]
    return {
        _key(entry, inner_frame, inner): render(entry.value, inner_frame, inner, entry.scope)
        for entry, inner_frame, inner in _present(node.entries, frame, env, scope)
    }


E = TypeVar("E", Entry, Item)


def _present(
    elements: Iterable[E], frame: ScopeFrame, env: Env, scope: Scope | None
) -> Iterator[tuple[E, ScopeFrame, Env]]:
    """Yield what is there, with what it sees; the elements of a `range` once a round."""
    for block, group in groupby(elements, lambda element: frame.range_around(element.scope)):
        if block is None:
            for element in group:
                inner = env if element.scope is scope else frame.environment(element.scope)
                if inner is not None:
                    yield element, frame, inner
        else:
            repeated = list(group)
            for inner_frame in frame.rounds(block):
                yield from _present(repeated, inner_frame, env, scope)


def render_scalar(scalar: Scalar, frame: ScopeFrame, env: Env) -> str | None:
    """Return the value of a scalar; without quotes it stays open to a type."""
    if scalar.template is None:
        return scalar.structural()
    text = frame.evaluation.render(scalar.template, env)
    return Rendered(text.strip()) if scalar.plain else text


def _key(entry: Entry, frame: ScopeFrame, env: Env) -> str:
    return str(render_scalar(entry.key, frame, env) or Plain(entry.key.text))


def _decoded(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        message = f"the text has {size:,} bytes, and {MAX_BYTES:,} are allowed"
        tasks = text.count(b"task_type:") if isinstance(text, bytes) else text.count("task_type:")
        if tasks > MAX_TASKS:
            message += f"; it has some {tasks:,} tasks, and {MAX_TASKS:,} are allowed"
        raise ReadError(
            Fault(FaultCode.TOO_LARGE, message, "split the job, or move data to artifacts")
        )
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"the text is not UTF-8: byte {error.start} is 0x{raw[error.start]:02x}"
        raise ReadError(Fault(FaultCode.NOT_UTF8, message, "save it as UTF-8", line, 1)) from error
    return decoded.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _line_scopes(prepared: PreparedText) -> LineScopes:
    statements = (prepared.statement(word) for word in prepared.control_words)
    return LineScopes(statement for statement in statements if statement)


def _assign(node: Node, scopes: LineScopes, seen: set[int]) -> None:
    """Give entries and items the conditions of their lines."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, Mapping):
        for entry in node.entries:
            entry.scope = scopes.at(entry.key.line)
            if isinstance(entry.value, Scalar) and entry.value.line > entry.key.line:
                entry.scope = scopes.at(entry.value.line)
            _assign(entry.value, scopes, seen)
    elif isinstance(node, Listing):
        for item in node.items:
            item.scope = scopes.at(item.value.line)
            _assign(item.value, scopes, seen)


def _assemble(templated: list[Scalar], scopes: LineScopes) -> list[Fault]:
    faults: list[Fault] = []
    for scalar in templated:
        scope = scopes.at(scalar.line)
        try:
            scalar.template = assemble(scalar.parts or (), scope.declared if scope else ())
        except TemplateError as error:
            faults.append(template_fault(error))
    return faults
