"""The syntax tree of a template. Nodes know their place in the text that the user wrote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, truth value or nil."""

    value: Any
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """The name of a function."""

    name: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Path:
    """Names looked up one in the other: from `.` (None), `$x`, (a pipeline) or a function."""

    base: "str | Pipe | Call | None"
    names: tuple[str, ...]
    line: int
    column: int


Operand = Literal | Path | Call


@dataclass(frozen=True, slots=True)
class Command:
    """A first operand (often a function) and its arguments."""

    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each given the result of the one before; with `variables`, a declaration."""

    commands: tuple[Command, ...]
    line: int
    column: int
    variables: tuple[str, ...] = ()
    assigns: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text between actions."""

    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """An action that writes the value of its pipeline, or declares a variable."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Block:
    """An `if`, `with` or `range` and what it holds; a `chained` one is all that an `else` holds."""

    keyword: str
    pipe: Pipe
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...] = ()
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """A `break` or `continue`."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Invoke:
    """The place where a named template is written."""

    name: str
    pipe: Pipe | None
    line: int
    column: int


Node = Text | Output | Block | Jump | Invoke


@dataclass(frozen=True, slots=True)
class Template:
    """A whole template, ready to be evaluated any number of times."""

    nodes: tuple[Node, ...]
    names: frozenset[str] = field(default_factory=frozenset)
    defined: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)


def pipes_of(nodes: tuple[Node, ...]) -> Iterator[Pipe]:
    """Yield every pipeline below these nodes, nested ones included."""
    left = list(reversed(nodes))
    while left:
        node = left.pop()
        if isinstance(node, Output | Block | Invoke) and node.pipe:
            yield from nested_pipes(node.pipe)
        if isinstance(node, Block):
            left += [*reversed(node.otherwise), *reversed(node.body)]


def nested_pipes(pipe: Pipe) -> Iterator[Pipe]:
    """Yield a pipeline and those in its parentheses."""
    left = [pipe]
    while left:
        inner = left.pop()
        yield inner
        bases = [path.base for path in paths_of(inner)]
        left += [base for base in reversed(bases) if isinstance(base, Pipe)]


def paths_of(pipe: Pipe) -> Iterator[Path]:
    """Yield the paths that a pipeline itself names."""
    for command in pipe.commands:
        for operand in command.operands:
            if isinstance(operand, Path):
                yield operand


def names_in(pipe: Pipe) -> Iterator[str]:
    """Yield the top-level variables that a pipeline may read (`.X`, `$.X`, `index . "X"`)."""
    for inner in nested_pipes(pipe):
        for path in paths_of(inner):
            if path.names and path.base in (None, "$"):
                yield path.names[0]
        for command in inner.commands:
            yield from _indexed_names(command)


def _indexed_names(command: Command) -> Iterator[str]:
    match command.operands:
        case (Call("index"), Path(None | "$", ()), Literal(str() as name), *_):
            yield name
