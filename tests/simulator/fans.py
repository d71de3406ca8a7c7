"""Fans: fork tasks with `fork_items`, and what users do to one of the many children."""

from dataclasses import dataclass
from random import Random

from tests.simulator.shapes import Shape, Task, add_children

# Definitions come again, so that most worlds find theirs parsed.
SHAPES = 60
LARGE = 4
CHILD_VERBS = ("cancel", "pause", "resume", "restart", "restart hard")


@dataclass(frozen=True)
class ChildVerb:
    """What a user asks of a child of a request, whichever there are at that time."""

    name: str
    request: int
    child: int
    at: float


@dataclass(frozen=True)
class Fans:
    """Which fork tasks have items, and who interferes with the children; 0 is none."""

    variant: int = 0
    verbs: tuple[ChildVerb, ...] = ()

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        found = {f"user {verb.name} of a child" for verb in self.verbs}
        return found | ({"fork_items of several batches"} if self.variant == LARGE else set())


def draw_fans(random: Random) -> Fans:
    """Draw fans, in four of ten worlds."""
    if random.random() < 0.6:
        return Fans()
    if random.random() < 0.02:
        return Fans(LARGE)
    verbs: tuple[ChildVerb, ...] = ()
    if random.random() < 0.3:
        verbs = tuple(_draw_verb(random) for _ in range(random.choice([1, 1, 2, 4])))
    return Fans(random.choice([1, 2, 3]), verbs)


def _draw_verb(random: Random) -> ChildVerb:
    return ChildVerb(
        random.choice(CHILD_VERBS),
        request=random.choice([0, 0, 1]),
        child=random.randrange(8),
        at=random.uniform(0, random.choice([20, 60, 150])),
    )


def add_fans(random: Random, parent: Shape, fans: Fans) -> None:
    """Give items to forks of the parent, which has some then."""
    if not fans.variant:
        return
    if not _forks(parent):
        add_children(random, parent.tasks)
    forks = _forks(parent)
    for fork in forks:
        if random.random() < 0.75:
            _add_items(random, fork)
    if all(fork.items is None for fork in forks):
        _add_items(random, forks[0])
    if fans.variant == LARGE:
        for fork in forks[1:]:
            fork.items, fork.item_parallel = None, 0
        forks[0].items = random.choice([26, 30, 51, 101])
        forks[0].item_parallel = random.choice([0, 0, 5])
    wait = next(task for task in parent.tasks if task.awaits)
    _furnish_wait(random, parent, wait)


def _forks(shape: Shape) -> list[Task]:
    return [task for task in shape.tasks if task.method == "FORK_JOB"]


def _add_items(random: Random, fork: Task) -> None:
    fork.items = random.choice([0, 1, 2, 2, 3, 3, 5])
    fork.item_parallel = random.choice([0, 0, 1, 2])
    fork.retry = random.choice([0, 0, 1])


def _furnish_wait(random: Random, parent: Shape, wait: Task) -> None:
    wait.allow_failure = random.random() < 0.15
    wait.retry = random.choice([0, 0, 0, 1])
    wait.delay = random.choice([0, 5])
    if not parent.steady:
        wait.timeout = random.choice([0, 0, 0, 20, 60])
    later = parent.tasks[parent.tasks.index(wait) + 1 :]
    names = [task.name for task in later if not task.always_run]
    if names and random.random() < 0.3:
        wait.on_failed = [random.choice(names)]
