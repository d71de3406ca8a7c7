"""A world as it is drawn from a seed: jobs, ants, what users do and how much goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.simulator.extras import Extras, add_leases, draw_extras, leave_enough
from tests.simulator.fans import LARGE, add_fans
from tests.simulator.fans import SHAPES as SHAPES_WITH_FANS
from tests.simulator.faults import draw_rates
from tests.simulator.shapes import CHILD_TYPE, PARENT_TYPE, Shape, draw_shape

SHAPES = 400
VERBS = ("cancel", "pause", "resume", "trigger", "restart", "restart hard")


@dataclass(frozen=True)
class Verb:
    """What a user asks of a run, so many seconds after the beginning."""

    name: str
    request: int
    at: float


@dataclass(frozen=True)
class Scenario:
    """All that is decided before the world begins."""

    seed: int
    parent: Shape
    child: Shape
    submits: tuple[float, ...]
    verbs: tuple[Verb, ...]
    rates: Mapping[str, float]
    interruptions: float
    skew: float
    ants: int
    extras: Extras

    @property
    def predictable(self) -> bool:
        """Whether faults may not change how it ends: nobody interferes, and nothing is timed."""
        interfered = self.verbs or self.extras.fans.verbs or self.extras.errors.changes
        interfered = interfered or self.extras.interfere
        return not interfered and self.parent.steady and self.child.steady

    def features(self) -> set[str]:
        """Return what of the language is drawn, and what users do."""
        forks = any(task.method == "FORK_JOB" for task in self.parent.tasks)
        shapes = self.parent.features() | (self.child.features() if forks else set())
        return shapes | {f"user {verb.name}" for verb in self.verbs} | self.extras.features()


def draw_scenario(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    random = Random(f"scenario {seed}")
    # Definitions come again, in other circumstances: to parse one takes longer than to run it.
    number = random.randrange(SHAPES)
    extras = draw_extras(seed)
    if extras.fans.variant:
        number %= SHAPES_WITH_FANS
    shapes = Random(f"shape {number}")
    steady = shapes.random() < 0.6
    child = draw_shape(shapes, CHILD_TYPE, shapes.randint(1, 2), steady)
    parent = draw_shape(shapes, PARENT_TYPE, shapes.choice([1, 2, 3, 4, 5, 7]), steady)
    add_fans(Random(f"fans of {number} {extras.fans.variant}"), parent, extras.fans)
    count = random.choice([1, 1, 2, 2, 4])
    if extras.fans.variant:
        count = 1 if extras.fans.variant == LARGE else min(count, 2)
    if extras.crowd.requests:
        count, parent = extras.crowd.requests, extras.crowd.shape()
    if extras.submissions.new_version is not None:
        # What a job type lets go on at once is looked at across its versions.
        extras.submissions.new_version.max_concurrency = parent.max_concurrency
    for shape in (parent, child):
        leases = Random(f"leases of {shape.job_type} {number} {extras.limits.variant}")
        add_leases(leases, shape, extras.limits)
    leave_enough(parent, child, count, extras.limits)
    return Scenario(
        seed=seed,
        parent=parent,
        child=child,
        submits=tuple(random.choice([0.0, 0.0, 20.0]) for _ in range(count)),
        verbs=_draw_verbs(random, count),
        rates=(extras.crowd.rates or draw_rates(random)) | extras.losses.rates,
        interruptions=random.choice([0.0, 0.05, 0.2, 0.5]),
        skew=random.choice([0.0, 0.0, 1.5, 300.0]),
        ants=random.choice([1, 2, 3]),
        extras=extras,
    )


def _draw_verbs(random: Random, requests: int) -> tuple[Verb, ...]:
    if random.random() < 0.5:
        return ()
    return tuple(_draw_verb(random, requests) for _ in range(random.choice([1, 1, 2, 3])))


def _draw_verb(random: Random, requests: int) -> Verb:
    at = random.uniform(0, random.choice([8, 40, 150]))
    return Verb(random.choice(VERBS), random.randrange(requests), at)
