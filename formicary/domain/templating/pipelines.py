"""Evaluates pipelines over maps, lists and plain values, within limits.

No attribute of a Python object is ever read and nothing but the function table is ever called.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from formicary.domain.templating.assembler import undeclared
from formicary.domain.templating.constants import MOST
from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.environment import Env, Warn
from formicary.domain.templating.errors import TemplateError
from formicary.domain.templating.functions import Function, functions_of
from formicary.domain.templating.nodes import Call, Command, Invoke, Literal, Operand, Path, Pipe
from formicary.domain.templating.values import NOTHING, Missing, is_list, is_map, truth

MAX_OUTPUT = 1024 * 1024
MAX_STEPS = 100_000
_STEP_SIZE = 256  # of a value that a function reads or makes: what counts as one step
_MAX_WARNINGS = 100
_WITHOUT_SIZE = frozenset({type(None), bool, int, float})
_NO_ARGUMENT: tuple[Any, ...] = ()


class Pipelines:
    """The data, what evaluating may still use up, and the warnings so far."""

    def __init__(self, data: Any, dialect: Dialect = Dialect.JOB) -> None:
        """Start with `.` and `$` at the data."""
        dot = NOTHING if data is None else data
        self.root = Env(dot, {"$": dot})
        self.warnings: list[Warn] = []
        self._dialect = dialect
        self._functions = functions_of(dialect)
        self._steps = 0
        self._place: Pipe | Operand | Invoke = Pipe((), 0, 0)

    def value(self, pipe: Pipe, env: Env) -> Any:
        """Return the value of a pipeline and set the variables that it declares."""
        argument = _NO_ARGUMENT
        value: Any = NOTHING
        for command in pipe.commands:
            value = self._command(command, env, argument)
            value = NOTHING if value is None else value
            argument = (value,)
        for name in pipe.variables:
            self._set(name, value, pipe, env)
        return value

    def _set(self, name: str, value: Any, pipe: Pipe, env: Env) -> None:
        if not pipe.assigns:
            env.variables[name] = value
            return
        try:
            env.assign(name, value)
        except KeyError:
            raise undeclared(name, pipe.line, pipe.column) from None

    def _command(self, command: Command, env: Env, argument: tuple[Any, ...]) -> Any:
        head, *operands = command.operands
        if not isinstance(head, Call):
            return self._alone(head, env, given=bool(operands or argument))
        if head.name in ("and", "or"):
            return self._until(head, operands, env, argument)
        values = [self._operand(operand, env) for operand in operands]
        return self._call(head, [*values, *argument])

    def _alone(self, head: Literal | Path, env: Env, *, given: bool) -> Any:
        """Return the value of what is no function."""
        if isinstance(head, Path) and head.names:
            return self._walk(self._base(head, env), head, given=given)
        if given:
            raise fault("only a function can be given a value", head)
        if isinstance(head, Literal) and head.value is None:
            raise fault("nil cannot stand alone", head)
        return self._operand(head, env)

    def _until(
        self, head: Call, operands: Sequence[Operand], env: Env, argument: tuple[Any, ...]
    ) -> Any:
        """Evaluate `and` / `or` up to the first argument that decides."""
        self._check_count(head, len(operands) + len(argument))
        value: Any = None
        for operand in operands:
            value = self._operand(operand, env)
            if truth(value) == (head.name == "or"):
                return value
        return argument[0] if argument else value

    def _operand(self, operand: Operand, env: Env) -> Any:
        match operand:
            case Literal(value):
                if type(value) is int and value > MOST:
                    raise fault(f"{value} does not fit in 64 bits", operand)
                return value
            case Call():
                return self._call(operand, [])
            case Path():
                return self._walk(self._base(operand, env), operand, given=False)

    def _base(self, path: Path, env: Env) -> Any:
        match path.base:
            case None:
                return env.dot
            case Pipe():
                return self.value(path.base, env)
            case Call():
                return self._call(path.base, [])
        try:
            return env.find(path.base)
        except KeyError:
            raise undeclared(path.base, path.line, path.column) from None

    def _walk(self, value: Any, path: Path, *, given: bool) -> Any:
        last = len(path.names) - 1
        for place, name in enumerate(path.names):
            if isinstance(value, Missing) or (value is None and self._dialect is Dialect.JOB):
                return _missing(path)
            if not is_map(value):
                raise _no_map(value, name, path)
            if given and place == last:
                raise fault("only a function can be given a value", path)
            value = value[name] if name in value else _missing(path)
        return value

    def _call(self, head: Call, values: list[Any]) -> Any:
        self._check_count(head, len(values))
        function = self._functions[head.name]
        known = [
            self._given(function, value) if isinstance(value, Missing) else value
            for value in values
        ]
        self._spend(1 + sum(map(_size, known)) // _STEP_SIZE, head)
        try:
            if head.name == "Random":
                return self._random(head, *known)
            result = function.call(*known)
        except (ValueError, TypeError, OverflowError) as error:
            raise fault(f"{head.name}: {error}", head) from error
        self._spend(_size(result) // _STEP_SIZE, head)
        if isinstance(result, str) and len(result) > MAX_OUTPUT:
            raise fault(f"{head.name}: the text is too long", head)
        return result

    def _given(self, function: Function, value: Missing) -> Any:
        """Warn of a missing value that a function is given; it gets nil."""
        if not function.tolerant:
            self._warn(value)
        return None

    def _random(self, head: Call, least: Any, most: Any) -> int:
        """Draw from the attempt's nonce, so that rendering it again gives the same."""
        if type(least) is not int or type(most) is not int or most <= least:
            raise ValueError("the second number must be larger than the first")
        data = self.root.dot if isinstance(self.root.dot, Mapping) else {}
        names = ("Nonce", "JobID", "JobRetry", "TaskRetry")
        seed = "|".join(str(data.get(name, "")) for name in names)
        place = f"{seed}|{head.line}|{head.column}|{self._steps}"
        digest = hashlib.blake2b(place.encode("utf-8", "surrogatepass")).digest()
        return least + int.from_bytes(digest[:16], "big") % (most - least)

    def _check_count(self, head: Call, count: int) -> None:
        function = self._functions[head.name]
        if not function.least <= count <= function.most:
            wanted = function.least if count < function.least else function.most
            raise fault(f"{head.name} takes {wanted} values, not {count}", head)

    def _warn(self, value: Missing) -> None:
        warning = Warn(value.name, value.line, value.column)
        if value.name and warning not in self.warnings and len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(warning)

    def _spend(self, steps: int, place: Pipe | Call | Invoke) -> None:
        self._steps += steps
        self._place = place
        if self._steps > MAX_STEPS:
            raise fault(f"the template takes more than {MAX_STEPS} steps", place)


def _size(value: Any) -> int:
    if type(value) in _WITHOUT_SIZE:
        return 0
    return len(value) if isinstance(value, str) or is_map(value) or is_list(value) else 0


def _missing(path: Path) -> Missing:
    return Missing(".".join(path.names), path.line, path.column)


def _no_map(value: Any, name: str, path: Path) -> TemplateError:
    what = "nil" if value is None else "something that is no map"
    return fault(f'"{".".join(path.names)}" looks for "{name}" in {what}', path)


def fault(message: str, place: Pipe | Operand | Invoke) -> TemplateError:
    """Make an error of a message and the place of what failed."""
    return TemplateError(message, place.line, place.column)
