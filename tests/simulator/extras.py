"""What is drawn beside the first scenario, each from a stream of its own.

The seeds below `PLAIN` have none of it, those from there on losses and limits, and those from
`FULL_FROM` on all there is but crowds, which are those from `CROWDS_FROM` on: tests name some of
the earlier ones for what they tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.simulator.crowds import Crowd, draw_crowd
from tests.simulator.error_table import ErrorTable, draw_error_table
from tests.simulator.fans import Fans, draw_fans
from tests.simulator.schedules import Schedules, draw_schedules
from tests.simulator.shapes import Shape
from tests.simulator.submissions import Submissions, draw_submissions

PLAIN = 20_000
FULL_FROM = 100_000
USERS_FROM = 200_000
CROWDS_FROM = 300_000
LOSSES = ("event lost", "task message lost", "report out for an hour")


@dataclass(frozen=True)
class Losses:
    """What is lost for good, and how often somebody keeps house while things go wrong."""

    rates: Mapping[str, float] = field(default_factory=dict)
    minutes_between_nights: int = 0
    noisy_seconds: int = 0

    @property
    def drawn(self) -> bool:
        return self.minutes_between_nights > 0


@dataclass(frozen=True)
class Resource:
    """A job resource; the drawn definitions name its type."""

    resource_type: str
    quota: int
    lease_timeout: float


@dataclass(frozen=True)
class Change:
    """What an administrator does at a time: other limits, or another quota of a resource."""

    at: float
    tenant: int
    user: int
    quotas: tuple[int, ...]


@dataclass(frozen=True)
class Limits:
    """What bounds how much goes on at once, beside what definitions say; 0 is no limit."""

    resources: tuple[Resource, ...] = ()
    variant: int = 0
    tenant: int = 0
    user: int = 0
    users: int = 1
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Extras:
    """All that is drawn beside; `full` are the worlds in which nothing is left out."""

    full: bool = False
    losses: Losses = field(default_factory=Losses)
    limits: Limits = field(default_factory=Limits)
    fans: Fans = field(default_factory=Fans)
    errors: ErrorTable = field(default_factory=ErrorTable)
    schedules: Schedules = field(default_factory=Schedules)
    submissions: Submissions = field(default_factory=Submissions)
    crowd: Crowd = field(default_factory=Crowd)

    @property
    def interfere(self) -> bool:
        """Whether users do what decides how a job ends."""
        return bool(self.submissions.restarts or self.submissions.new_version)

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        drawn = {
            "nights of housekeeping": self.losses.drawn,
            "limit of the tenant": self.limits.tenant > 0,
            "limit of users": self.limits.user > 0,
            "lease_timeout": any(r.lease_timeout for r in self.limits.resources),
            "limits change": bool(self.limits.changes),
        }
        found = {name for name, there in drawn.items() if there}
        found |= self.fans.features() | self.errors.features()
        found |= self.schedules.features() | self.submissions.features()
        return found | self.crowd.features()


def draw_extras(seed: int) -> Extras:
    """Draw what a seed has beside its scenario."""
    if seed < PLAIN:
        return Extras()
    losses = _draw_losses(Random(f"losses {seed}"))
    limits = _draw_limits(Random(f"limits {seed}"))
    if seed < FULL_FROM:
        return Extras(losses=losses, limits=limits)
    if seed < USERS_FROM:
        return Extras(
            full=True,
            losses=losses,
            limits=limits,
            fans=draw_fans(Random(f"fans {seed}")),
            errors=draw_error_table(Random(f"errors {seed}")),
        )
    if seed >= CROWDS_FROM:
        crowd = draw_crowd(Random(f"crowd {seed}"))
        return Extras(full=True, losses=losses, limits=limits, crowd=crowd)
    return Extras(
        full=True,
        losses=losses,
        limits=limits,
        schedules=draw_schedules(Random(f"schedules {seed}"), for_hours=losses.drawn),
        submissions=draw_submissions(Random(f"submissions {seed}")),
    )


def _draw_losses(random: Random) -> Losses:
    if random.random() < 0.75:
        return Losses()
    kinds = random.choice([(), LOSSES, LOSSES, *((kind,) for kind in LOSSES)])
    rate = random.choice([0.02, 0.05, 0.15])
    return Losses(
        rates=dict.fromkeys(kinds, rate),
        minutes_between_nights=random.choice([35, 60]),
        noisy_seconds=random.choice([1_800, 6_000, 10_000]),
    )


# The most that a job or task asks for of a resource: no quota may be less.
_AMOUNTS = (1, 1, 1, 2)


def _draw_limits(random: Random) -> Limits:
    if random.random() < 0.7:
        return Limits()
    resources: tuple[Resource, ...] = ()
    if random.random() < 0.7:
        lasts = random.choice([0.0, 0.0, 20.0, 60.0])
        names = random.choice([("licence",), ("licence", "device"), ("licence", "licence")])
        resources = tuple(
            Resource(name, max(_AMOUNTS) + random.choice([0, 0, 1]), lasts) for name in names
        )
    return Limits(
        resources=resources,
        variant=random.randint(1, 3),
        tenant=random.choice([0, 1, 2]),
        user=random.choice([0, 1, 2]),
        users=random.choice([1, 2]),
        changes=tuple(_draw_change(random, len(resources)) for _ in range(_some_changes(random))),
    )


def _some_changes(random: Random) -> int:
    return random.choice([1, 2]) if random.random() < 0.3 else 0


def _draw_change(random: Random, resources: int) -> Change:
    return Change(
        at=random.uniform(0, 120),
        tenant=random.choice([0, 1, 3]),
        user=random.choice([0, 1, 3]),
        quotas=tuple(max(_AMOUNTS) + random.choice([0, 1]) for _ in range(resources)),
    )


def add_leases(random: Random, shape: Shape, limits: Limits) -> None:
    """Let a job, and some of its tasks, lease what there is."""
    names = sorted({resource.resource_type for resource in limits.resources})
    if not names:
        return
    if random.random() < 0.4:
        shape.leases = _wanted(random, names[0])
    for task in shape.tasks:
        if task.method == "SHELL" and random.random() < 0.4:
            task.leases = _wanted(random, random.choice(names))


def leave_enough(parent: Shape, child: Shape, parents: int, limits: Limits) -> None:
    """Let children lease nothing that parents, which wait for them, may have all of.

    Such jobs wait for ever, as whoever writes them has to know. (A `lease_timeout` ends it.)
    """
    kept, _, amount = parent.leases.partition("*")
    forks = any(task.method == "FORK_JOB" for task in parent.tasks)
    if not kept or not forks or limits.resources[0].lease_timeout:
        return
    later = (quota for change in limits.changes for quota in change.quotas)
    least = min(*later, *(resource.quota for resource in limits.resources), max(_AMOUNTS) + 1)
    for shape in (child, *child.tasks):
        name, _, wanted = shape.leases.partition("*")
        if name == kept and parents * int(amount) + int(wanted) > least:
            shape.leases = ""


def _wanted(random: Random, name: str) -> str:
    return f"{name}*{random.choice(_AMOUNTS)}"
