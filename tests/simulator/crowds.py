"""Crowds: many requests of one job type that lets few go on at once.

The lines of the other worlds are too short to show wake-ups that become more and more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from formicary.domain.job_run import JobRun
from tests.simulator.broken import BrokenError
from tests.simulator.shapes import PARENT_TYPE, Shape, draw_shape

# Definitions come again, so that most worlds find theirs parsed.
_SHAPES = 40
# Each slot that is given back, each place that is left, and each look in vain wakes a few; faults
# have them wake again. Of a storm there are hundreds.
_WAKE_UPS = 20


@dataclass(frozen=True)
class Crowd:
    """How many requests there are, how many go on at once, and what goes wrong; 0 is no crowd."""

    requests: int = 0
    at_once: int = 0
    variant: int = 0
    rates: Mapping[str, float] = field(default_factory=dict)

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        return {"crowd before max_concurrency"} if self.requests else set()

    def shape(self) -> Shape:
        """Return the job that all of them are of: small, since there are so many."""
        shapes = Random(f"crowd {self.variant}")
        while True:
            shape = draw_shape(shapes, PARENT_TYPE, shapes.randint(1, 2), steady=True)
            if all(task.is_script for task in shape.tasks):
                shape.max_concurrency = self.at_once
                return shape


def draw_crowd(random: Random) -> Crowd:
    """Draw a crowd; calls fail in most of its worlds, as they do when many come at once."""
    failing = {"throttled": random.choice([0.0, 0.1, 0.2, 0.3])}
    kinds = ("answer lost", "message doubled", "message delayed", "event delivered again")
    others = random.sample(kinds, random.choice([0, 1, 2]))
    return Crowd(
        requests=random.choice([20, 40, 60]),
        at_once=random.choice([1, 2, 5, 15]),
        variant=random.randrange(_SHAPES),
        rates=failing | dict.fromkeys(others, random.choice([0.03, 0.1, 0.2])),
    )


def check_wake_ups(handled: Counter[str], runs: Sequence[JobRun]) -> None:
    """What runs hear of slots stays in proportion to how often they begin."""
    heard, begins = handled["SlotFreed"], sum(run.stint + 1 for run in runs)
    if heard > _WAKE_UPS * begins:
        raise BrokenError(f"{heard} wake-ups for {begins} begins are a storm")
