"""What scripts do: how long they take and how they end follows from the seed, task and attempt."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from formicary.domain.error_rules import ErrorAction
from tests.simulator.error_table import Row
from tests.simulator.shapes import AGAIN, Shape, Task


@dataclass(frozen=True)
class Ending:
    """How a script ends when nobody stops it."""

    exit_code: str
    seconds: float


@dataclass(frozen=True)
class Outcomes:
    """The scripts of one world."""

    seed: int
    rows: tuple[Row, ...] = ()

    def ending(self, shape: Shape, task: Task, attempt: int, tries: int, item: int = -1) -> Ending:
        """Return how an attempt ends; each of many children goes its own way.

        In a steady job it depends on how many outcomes of the task counted before in its run, of
        which faults know nothing; else each attempt ends in its own way.
        """
        number = tries if shape.steady else attempt
        name = f"{self.seed}:{shape.job_type}:{task.name}"
        if item >= 0:
            name = f"{name}:{item}"
        ending = _ending(name, number, bool(task.timeout))
        if not shape.steady:
            return ending
        codes = _codes(name, self._not_for_ever(shape, task))
        return Ending(codes[min(tries, len(codes) - 1)], ending.seconds)

    def _not_for_ever(self, shape: Shape, task: Task) -> frozenset[str]:
        """Return the exit codes that have the task run again, however often it did."""
        asks = {"1"} if task.on_exit_code.get("1") in AGAIN else set()
        for code in ("1", "2", "3") if self.rows else ():
            fitting = [row for row in self.rows if row.fits(shape.job_type, task.name, code)]
            if any(row.action == ErrorAction.SUSPEND_JOB for row in fitting):
                asks.add(code)
        return frozenset(asks)


@lru_cache(maxsize=4096)
def _ending(name: str, number: int, may_be_slow: bool) -> Ending:
    random = Random(f"{name}:{number}")
    exit_code = random.choice(["0", "0", "0", "0", "0", "1", "2", "3"])
    seconds = random.choice([0, 0.2, 2, 8, 25]) + random.random()
    if may_be_slow and random.random() < 0.3:
        seconds = 50.0
    elif random.random() < 0.05:
        seconds = 70.0
    return Ending(exit_code, seconds)


@lru_cache(maxsize=4096)
def _codes(name: str, not_for_ever: frozenset[str]) -> tuple[str, ...]:
    """Return the exit codes of a steady task, one a try; the last one is that of all others.

    What asks to be run again must not do so for ever.
    """
    random = Random(f"{name}:codes")
    last = random.choice(["0", "0", "0", "0", "0", "1", "2", "3"])
    if last in not_for_ever:
        last = "0"
    first = random.choice([0, 0, 1, 2])
    return (*(random.choice(["0", "1", "1", "2", "3"]) for _ in range(first)), last)
