"""What scripts do: how long they take and how they end follows from the seed, task and attempt."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from tests.simulator.shapes import Shape, Task


@dataclass(frozen=True)
class Ending:
    """How a script ends when nobody stops it."""

    exit_code: str
    seconds: float

    @property
    def good(self) -> bool:
        return self.exit_code == "0"


@dataclass(frozen=True)
class Outcomes:
    """The scripts of one world."""

    seed: int

    def ending(self, shape: Shape, task: Task, attempt: int) -> Ending:
        """Return how an attempt ends; of a steady job's task, each attempt ends alike."""
        return _ending(
            self.seed, shape.job_type, task.name, 0 if shape.steady else attempt, bool(task.timeout)
        )


@lru_cache(maxsize=4096)
def _ending(seed: int, job_type: str, task: str, attempt: int, may_be_slow: bool) -> Ending:
    random = Random(f"{seed}:{job_type}:{task}:{attempt}")
    exit_code = random.choice(["0", "0", "0", "0", "0", "1", "2", "3"])
    seconds = random.choice([0, 0.2, 2, 8, 25]) + random.random()
    if may_be_slow and random.random() < 0.3:
        seconds = 50.0
    elif random.random() < 0.05:
        seconds = 70.0
    return Ending(exit_code, seconds)
