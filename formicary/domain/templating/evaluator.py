"""Evaluates templates by walking their tree over maps, lists and plain values, within limits.

No attribute of a Python object is ever read and nothing but the function table is ever called.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.functions import FUNCTIONS, truth
from formicary.domain.templating.nodes import (
    Block,
    Call,
    Command,
    Jump,
    Literal,
    Node,
    Operand,
    Output,
    Path,
    Pipe,
    Template,
    Text,
)
from formicary.domain.templating.printing import is_list, to_text

MAX_OUTPUT = 1024 * 1024
MAX_STEPS = 100_000
_MAX_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Warn:
    """A variable that had no value where it was used."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        """Say it to the user."""
        return f"the variable {self.name} has no value (line {self.line}, column {self.column})"


@dataclass(frozen=True, slots=True)
class _Missing:
    path: Path
    name: str

    def __bool__(self) -> bool:
        return False


@dataclass(slots=True)
class Env:
    """What `.` is and which `$variables` there are, at one place."""

    dot: Any
    variables: dict[str, Any] = field(default_factory=dict)
    outer: "Env | None" = None

    def find(self, name: str) -> Any:
        """Return a variable's value; the assembler has seen to it that there is one."""
        env: Env | None = self
        while env is not None:
            if name in env.variables:
                return env.variables[name]
            env = env.outer
        raise KeyError(name)

    def assign(self, name: str, value: Any) -> None:
        """Change a variable where it was declared."""
        env: Env | None = self
        while env is not None:
            if name in env.variables:
                env.variables[name] = value
                return
            env = env.outer

    def copied(self) -> "Env":
        """Return a copy that can be assigned to without a trace here."""
        outer = self.outer.copied() if self.outer else None
        return Env(self.dot, dict(self.variables), outer)


class _JumpError(Exception):
    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


class Evaluation:
    """One rendering: the data, what it may still use up, and the warnings so far."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Start with `.` and `$` at the data."""
        self.root = Env(data, {"$": data})
        self.warnings: list[Warn] = []
        self._size = 0
        self._steps = 0

    def render(self, template: Template, env: Env | None = None) -> str:
        """Return the text of a template."""
        out: list[str] = []
        surrounding = env or self.root
        self._write(template.nodes, Env(surrounding.dot, {}, surrounding.copied()), out)
        return "".join(out)

    def enter(self, keyword: str, pipe: Pipe, env: Env) -> tuple[bool, Env]:
        """Return whether an `if` or `with` is entered and what it (or its `else`) sees."""
        self._step(pipe)
        inner = Env(env.dot, {}, env)
        value = self.value(pipe, inner)
        entered = truth(value)
        if entered and keyword == "with":
            inner.dot = value
        return entered, inner

    def value(self, pipe: Pipe, env: Env) -> Any:
        """Return the value of a pipeline and set the variables that it declares."""
        value: Any = None
        for place, command in enumerate(pipe.commands):
            value = self._command(command, env, (value,) if place else ())
        for name in pipe.variables:
            if pipe.assigns:
                env.assign(name, value)
            else:
                env.variables[name] = value
        return value

    def _write(self, nodes: Sequence[Node], env: Env, out: list[str]) -> None:
        for node in nodes:
            match node:
                case Text(text):
                    self._emit(text, out)
                case Output(pipe):
                    self._step(pipe)
                    value = self.value(pipe, env)
                    if not pipe.variables:
                        self._emit(to_text(self._known(value)), out, pipe)
                case Block("range"):
                    self._range(node, env, out)
                case Block():
                    self._choose(node, env, out)
                case Jump(keyword):
                    raise _JumpError(keyword)

    def _choose(self, block: Block, env: Env, out: list[str]) -> None:
        entered, inner = self.enter(block.keyword, block.pipe, env)
        self._write(block.body if entered else block.otherwise, inner, out)

    def _range(self, block: Block, env: Env, out: list[str]) -> None:
        undeclared = Pipe(block.pipe.commands, block.pipe.line, block.pipe.column)
        pairs = self._pairs(self.value(undeclared, env), block.pipe)
        if not pairs:
            self._write(block.otherwise, Env(env.dot, {}, env), out)
        for key, item in pairs:
            self._step(block.pipe)
            inner = Env(item, {}, env)
            values = (key, item) if len(block.pipe.variables) > 1 else (item,)
            inner.variables.update(zip(block.pipe.variables, values, strict=False))
            try:
                self._write(block.body, inner, out)
            except _JumpError as jump:
                if jump.keyword == "break":
                    break

    def _pairs(self, value: Any, pipe: Pipe) -> list[tuple[Any, Any]]:
        value = self._known(value)
        if value is None:
            return []
        if isinstance(value, Mapping):
            return sorted(value.items(), key=lambda pair: str(pair[0]))
        if is_list(value):
            return list(enumerate(value))
        if type(value) is int and value <= MAX_STEPS:
            return [(number, number) for number in range(value)]
        raise TemplateError("range needs a list, a map or a number", pipe.line, pipe.column)

    def _command(self, command: Command, env: Env, piped: tuple[Any, ...]) -> Any:
        head, *arguments = command.operands
        if not isinstance(head, Call):
            return self._operand(head, env)
        if head.name in ("and", "or"):
            return self._until(head, arguments, env, piped)
        values = [self._operand(operand, env) for operand in arguments]
        return self._call(head, [*values, *piped])

    def _until(
        self, head: Call, arguments: Sequence[Operand], env: Env, piped: tuple[Any, ...]
    ) -> Any:
        """Evaluate `and` / `or` up to the first argument that decides."""
        self._check_count(head, len(arguments) + len(piped))
        value: Any = None
        for operand in arguments:
            value = self._operand(operand, env)
            if truth(value) == (head.name == "or"):
                return value
        return piped[0] if piped else value

    def _operand(self, operand: Operand, env: Env) -> Any:
        match operand:
            case Literal(value):
                return value
            case Call():
                return self._call(operand, [])
            case Path(base):
                if base is None:
                    value = env.dot
                else:
                    value = self.value(base, env) if isinstance(base, Pipe) else env.find(base)
                return self._walk(value, operand)

    def _walk(self, value: Any, path: Path) -> Any:
        for name in path.names:
            if isinstance(value, Mapping):
                if name not in value:
                    return _Missing(path, ".".join(path.names))
                value = value[name]
            elif value is None or isinstance(value, _Missing):
                return _Missing(path, ".".join(path.names))
            else:
                raise TemplateError(
                    f'"{".".join(path.names)}" looks for "{name}" in something that is no map',
                    path.line,
                    path.column,
                )
        return value

    def _call(self, head: Call, values: list[Any]) -> Any:
        self._check_count(head, len(values))
        self._step(head)
        function = FUNCTIONS[head.name]
        if function.tolerant:
            values = [None if isinstance(value, _Missing) else value for value in values]
        else:
            values = [self._known(value) for value in values]
        try:
            if head.name == "Random":
                return self._random(head, *values)
            result = function.call(*values)
        except (ValueError, TypeError, OverflowError) as error:
            raise TemplateError(f"{head.name}: {error}", head.line, head.column) from error
        if isinstance(result, str) and len(result) > MAX_OUTPUT:
            raise TemplateError(f"{head.name}: the text is too long", head.line, head.column)
        return result

    def _random(self, head: Call, least: Any, most: Any) -> int:
        """Draw from the attempt's nonce, so that rendering it again gives the same."""
        if type(least) is not int or type(most) is not int or most <= least:
            raise ValueError("the second number must be larger than the first")
        env = self.root.dot
        seed = "|".join(
            str(env.get(name, "")) for name in ("Nonce", "JobID", "JobRetry", "TaskRetry")
        )
        digest = hashlib.blake2b(
            f"{seed}|{head.line}|{head.column}|{self._steps}".encode()
        ).digest()
        return least + int.from_bytes(digest[:16], "big") % (most - least)

    def _check_count(self, head: Call, count: int) -> None:
        function = FUNCTIONS[head.name]
        if not function.least <= count <= function.most:
            wanted = function.least if count < function.least else function.most
            raise TemplateError(
                f"{head.name} takes {wanted} values, not {count}", head.line, head.column
            )

    def _known(self, value: Any) -> Any:
        """Turn a missing variable into nil and warn of it."""
        if not isinstance(value, _Missing):
            return value
        warning = Warn(value.name, value.path.line, value.path.column)
        if warning not in self.warnings and len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(warning)
        return None

    def _emit(self, text: str, out: list[str], pipe: Pipe | None = None) -> None:
        self._size += len(text)
        if self._size > MAX_OUTPUT:
            line, column = (pipe.line, pipe.column) if pipe else (0, 0)
            raise TemplateError("the rendered text is over 1 MiB", line, column)
        out.append(text)

    def _step(self, place: Pipe | Call) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TemplateError(
                f"the template takes more than {MAX_STEPS} steps", place.line, place.column
            )
