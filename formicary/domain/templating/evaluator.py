"""Renders templates by walking their tree; pipelines are evaluated in `pipelines`."""

from collections.abc import Mapping, Sequence
from typing import Any

from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.environment import Env, Warn
from formicary.domain.templating.nodes import (
    Block,
    Invoke,
    Jump,
    Node,
    Output,
    Pipe,
    Template,
    Text,
)
from formicary.domain.templating.pipelines import MAX_OUTPUT, MAX_STEPS, Pipelines, fault
from formicary.domain.templating.printing import to_text
from formicary.domain.templating.values import (
    NOTHING,
    Missing,
    is_list,
    joined,
    readable,
    sort_key,
    truth,
)

__all__ = ["MAX_OUTPUT", "MAX_STEPS", "Env", "Evaluation", "Warn"]

_MAX_DEPTH = 130


class _JumpError(Exception):
    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


class Evaluation(Pipelines):
    """One rendering: the data, what it may still use up, and the warnings so far."""

    def __init__(self, data: Any, dialect: Dialect = Dialect.JOB) -> None:
        """Start with `.` and `$` at the data."""
        super().__init__(data, dialect)
        self._defined: Mapping[str, tuple[Node, ...]] = {}
        self._size = 0
        self._depth = 0

    def render(self, template: Template, env: Env | None = None) -> str:
        """Return the text of a template."""
        out: list[str] = []
        self.write(template, out, env)
        return readable(joined(out))

    def write(self, template: Template, out: list[str], env: Env | None = None) -> None:
        """Add the text of a template to `out`; what precedes an error stays there."""
        surrounding = env or self.root
        self._defined = template.defined
        self._write(template.nodes, Env(surrounding.dot, {}, surrounding.copied()), out)

    def enter(self, keyword: str, pipe: Pipe, env: Env) -> tuple[bool, Env]:
        """Return whether an `if` or `with` is entered and what it (or its `else`) sees."""
        self._spend(1, pipe)
        inner = Env(env.dot, {}, env)
        value = self.value(pipe, inner)
        entered = truth(value)
        if entered and keyword == "with":
            inner.dot = value
        return entered, inner

    def pairs(self, pipe: Pipe, env: Env) -> Sequence[tuple[Any, Any]]:
        """Return what a `range` goes over, keys with items; `env` gets what it declares."""
        pairs = self._pairs(self.value(pipe, env), pipe)
        self._spend(len(pairs), pipe)
        return pairs

    def _write(self, nodes: Sequence[Node], env: Env, out: list[str]) -> None:
        self._deeper()
        for node in nodes:
            match node:
                case Text(text):
                    self._emit(text, out)
                case Output(pipe):
                    self._print(pipe, env, out)
                case Block():
                    block = self._range if node.keyword == "range" else self._choose
                    block(node, env, out)
                case Jump(keyword):
                    raise _JumpError(keyword)
                case Invoke():
                    self._invoke(node, env, out)
        self._depth -= 1

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise fault("templates and blocks are nested too deeply", self._place)

    def _print(self, pipe: Pipe, env: Env, out: list[str]) -> None:
        self._spend(1, pipe)
        value = self.value(pipe, env)
        if pipe.variables:
            return
        if isinstance(value, Missing):
            self._warn(value)
        try:
            text = to_text(value)
        except ValueError as error:
            raise fault(str(error), pipe) from error
        self._emit(text, out)

    def _choose(self, block: Block, env: Env, out: list[str]) -> None:
        entered, inner = self.enter(block.keyword, block.pipe, env)
        while not entered and block.otherwise:
            following = block.otherwise[0]
            if not (isinstance(following, Block) and following.chained):
                break
            block = following
            entered, inner = self.enter(block.keyword, block.pipe, inner)
        self._write(block.body if entered else block.otherwise, inner, out)

    def _range(self, block: Block, env: Env, out: list[str]) -> None:
        declared = Env(env.dot, {}, env)
        pairs = self._pairs(self.value(block.pipe, declared), block.pipe)
        depth = self._depth
        try:
            if not pairs:
                self._write(block.otherwise, declared, out)
            for key, item in pairs:
                self._iterate(block, key, item, declared, out)
        except _JumpError as jump:
            self._depth = depth
            # A `continue` in the `else` belongs to the range around; a `break` ends this one.
            if jump.keyword == "continue":
                raise

    def _iterate(self, block: Block, key: Any, item: Any, declared: Env, out: list[str]) -> None:
        pipe = block.pipe
        self._spend(1, pipe)
        values = (key, item) if len(pipe.variables) > 1 else (item,)
        for name, value in zip(pipe.variables, values, strict=False):
            self._set(name, value, pipe, declared)
        depth = self._depth
        try:
            self._write(block.body, Env(item, {}, declared), out)
        except _JumpError as jump:
            self._depth = depth
            if jump.keyword == "break":
                raise

    def _pairs(self, value: Any, pipe: Pipe) -> Sequence[tuple[Any, Any]]:
        if isinstance(value, Missing):
            self._warn(value)
            return []
        if isinstance(value, Mapping):
            return [(key, value[key]) for key in sorted(value, key=sort_key)]
        if is_list(value):
            return list(enumerate(value))
        if self._dialect is Dialect.JOB and type(value) is int and value <= MAX_STEPS:
            return [(number, number) for number in range(value)]
        wanted = "a list, a map or a number" if self._dialect is Dialect.JOB else "a list or a map"
        raise fault(f"range needs {wanted}", pipe)

    def _invoke(self, node: Invoke, env: Env, out: list[str]) -> None:
        self._spend(1, node)
        if node.name not in self._defined:
            raise fault(f'there is no template "{node.name[:40]}"', node)
        dot = self.value(node.pipe, env) if node.pipe else NOTHING
        self._write(self._defined[node.name], Env(dot, {"$": dot}), out)

    def _emit(self, text: str, out: list[str]) -> None:
        self._size += len(text)
        if self._size > MAX_OUTPUT:
            raise fault("the rendered text is over 1 MiB", self._place)
        out.append(text)
