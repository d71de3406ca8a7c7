"""A fault of a job definition: what is wrong, where, and how to mend it."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

_MAX_LINE = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; line and column count from 1, 0 when it has no place in the text."""

    code: str
    message: str
    mend: str = ""
    line: int = 0
    column: int = 0
    field: str = ""

    def __str__(self) -> str:
        """Write it on one line, for logs and terminals."""
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return f"{place}{self.message}" + (f" ({self.mend})" if self.mend else "")

    def to_json(self) -> dict[str, str | int]:
        """Return it as a problem document lists it."""
        return {**asdict(self), "code": str(self.code)}


def in_text_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Sort faults by their place and drop doubles."""
    unique = dict.fromkeys(faults)
    return tuple(sorted(unique, key=lambda fault: (fault.line, fault.column)))


def summary(faults: Sequence[Fault]) -> str:
    """Say in one line how many faults there are, and the first."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return f"the job definition has {count}; {faults[0]}" if faults else "no faults"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, "" when none is near."""
    near = nearest(word, known)
    return f'did you mean "{near}"?' if near else ""


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Return the nearest known word, "" when none is near."""
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower()[:100], lowered, 1, likeness)
    return lowered[found[0]] if found else ""


def faulty_line(text: str | bytes, fault: Fault) -> str | None:
    """Return the line that a fault stands on; None when it has no place in the text."""
    shown = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
    plain = shown.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = plain.split("\n", fault.line)
    return lines[fault.line - 1] if 0 < fault.line <= len(lines) else None


def excerpt(text: str | bytes, fault: Fault) -> str:
    """Show the faulty line with a caret below the place; "" when the fault has no line."""
    found = faulty_line(text, fault)
    if found is None:
        return ""
    line = found.replace("\t", " ")
    start = max(0, min(fault.column - _MAX_LINE // 2, len(line) - _MAX_LINE))
    gutter = f"{fault.line:>5} | "
    caret = " " * max(0, fault.column - 1 - start) + "^"
    return f"{gutter}{line[start : start + _MAX_LINE]}\n{' ' * 5} | {caret}"
