"""What a template sees at one place: `.`, the `$variables`, and what it was warned of."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Warn:
    """A variable that had no value where it was used."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        """Say it to the user."""
        return f"the variable {self.name} has no value (line {self.line}, column {self.column})"


@dataclass(slots=True)
class Env:
    """What `.` is and which `$variables` there are, at one place."""

    dot: Any
    variables: dict[str, Any] = field(default_factory=dict)
    outer: "Env | None" = None

    def find(self, name: str) -> Any:
        """Return a variable's value; KeyError when a branch not taken declares it."""
        env: Env | None = self
        while env is not None:
            if name in env.variables:
                return env.variables[name]
            env = env.outer
        raise KeyError(name)

    def assign(self, name: str, value: Any) -> None:
        """Change a variable where it was declared; KeyError when it was not."""
        env: Env | None = self
        while env is not None:
            if name in env.variables:
                env.variables[name] = value
                return
            env = env.outer
        raise KeyError(name)

    def copied(self) -> "Env":
        """Return a copy that can be assigned to without a trace here."""
        outer = self.outer.copied() if self.outer else None
        return Env(self.dot, dict(self.variables), outer)
