"""The table of error codes of a simulated tenant, as it is drawn, and a simple reading of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from formicary.domain.error_rules import ErrorAction
from tests.simulator.shapes import CHILD_TYPE, PARENT_TYPE

_SAID = "left with {}"
_PATTERNS = ("", "", "", "left", "with [12]$")
_ACTIONS = ("", *ErrorAction)


@dataclass(frozen=True)
class Row:
    """A row; what is empty fits everything."""

    exit_code: str
    pattern: str = ""
    job_type: str = ""
    task: str = ""
    action: str = ""
    retry: int = 0
    everybody: bool = False

    @property
    def tries(self) -> int:
        """How often its action runs the task or the job again."""
        return max(1, self.retry)

    def fits(self, job_type: str, task: str, exit_code: str) -> bool:
        asked = ((self.job_type, job_type), (self.task, task), (self.exit_code, exit_code))
        within = all(mine in ("", theirs) for mine, theirs in asked)
        return within and bool(re.search(self.pattern, said_of(exit_code)))

    def place(self) -> tuple[object, ...]:
        """Return what tells it from other rows; the greater one counts."""
        scopes = (self.job_type, self.task, self.exit_code, self.pattern)
        return (not self.everybody, *map(len, scopes), *scopes)


@dataclass(frozen=True)
class RowChange:
    """What somebody makes of a row at a time; nothing: it is deleted."""

    at: float
    number: int
    row: Row | None


@dataclass(frozen=True)
class ErrorTable:
    """The rows of a world, and how they change."""

    rows: tuple[Row, ...] = ()
    changes: tuple[RowChange, ...] = ()

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        found = {f"error code {row.action or 'without an action'}" for row in self.rows}
        return found | ({"error codes change"} if self.changes else set())


def said_of(exit_code: str) -> str:
    """Return what an ant says of a script that fails."""
    return _SAID.format(exit_code)


def row_for(rows: Iterable[Row], job_type: str, task: str, exit_code: str) -> Row | None:
    """Return the row that a failure is treated by: the one that says most of it."""
    fitting = [row for row in rows if row.fits(job_type, task, exit_code)]
    return max(fitting, key=Row.place, default=None)


def draw_error_table(random: Random) -> ErrorTable:
    """Draw some rows, in every third world."""
    if random.random() < 0.67:
        return ErrorTable()
    rows = {row.place(): row for row in (_draw_row(random) for _ in range(random.randint(1, 4)))}
    changes: tuple[RowChange, ...] = ()
    if random.random() < 0.2:
        number = random.randrange(len(rows))
        other = _draw_row(random) if random.random() < 0.7 else None
        if other is not None and other.action == ErrorAction.SUSPEND_JOB:
            # Outcomes do not know of it: what fails for ever would be paused and resumed for ever.
            other = replace(other, action="")
        changes = (RowChange(random.uniform(0, 120), number, other),)
    return ErrorTable(tuple(rows.values()), changes)


def _draw_row(random: Random) -> Row:
    pattern = random.choice(_PATTERNS)
    return Row(
        exit_code=random.choice(["1", "2", "3", *([""] if pattern else [])]),
        pattern=pattern,
        job_type=random.choice(["", "", PARENT_TYPE, CHILD_TYPE]),
        task=random.choice(["", "", "t0", "t1", "t2"]),
        action=random.choice(_ACTIONS),
        retry=random.choice([0, 1, 2]),
        everybody=random.random() < 0.2,
    )
