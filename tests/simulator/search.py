"""Going through seeds: plays each, and shrinks the story of one that breaks."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulator.broken import BrokenError
from tests.simulator.scenario import Scenario, draw_scenario
from tests.simulator.world import World

MAX_TRIALS = 150


@dataclass
class Broken:
    """A seed that broke something, and the shortest story that was found."""

    seed: int
    reason: str
    faults: list[tuple[int, str]]
    trace: list[str]

    def __str__(self) -> str:
        faults = [f"  {number}: {kind}" for number, kind in self.faults]
        return "\n".join(
            [f"seed {self.seed}: {self.reason}", "faults that it takes:", *faults, *self.trace]
        )


@dataclass
class Figures:
    """What was played."""

    seeds: int = 0
    events: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def note(self, world: World) -> None:
        """Count a world that was played."""
        self.seeds += 1
        self.events += world.handled.total()
        self.faults += world.faults.counts()
        self.features.update(world.scenario.features())
        self.judged += world.runs.judged
        self.mended += world.nights.mended

    def add(self, other: "Figures") -> None:
        self.seeds += other.seeds
        self.events += other.events
        self.seconds += other.seconds
        self.faults += other.faults
        self.features += other.features
        self.judged += other.judged
        self.mended += other.mended
        self.broken += other.broken

    def __str__(self) -> str:
        rate = self.seeds / self.seconds * 60 if self.seconds else 0.0
        head = (
            f"{self.seeds} seeds, {self.events} events applied, {self.faults.total()} faults, "
            f"{self.seconds:.1f} s of processor time: {rate:.0f} seeds a minute on one core"
        )
        lines = [head]
        lines += [f"  {count:8d}  {kind}" for kind, count in sorted(self.faults.items())]
        runs = self.judged.total()
        lines += [f"{runs} runs ended; the oracle judges"]
        lines += [f"  {n / runs:8.1%}  {how}" for how, n in sorted(self.judged.items())]
        lines += ["mended by housekeeping"]
        lines += [f"  {count:8d}  {kind}" for kind, count in sorted(self.mended.items())]
        lines += ["drawn in so many of the worlds"]
        lines += [f"  {count:8d}  {name}" for name, count in sorted(self.features.items())]
        lines += [str(broken) for broken in self.broken]
        return "\n".join(lines)


def play_seeds(
    seeds: Iterable[int], *, within: float | None = None, world_type: type[World] = World
) -> Figures:
    """Play the worlds of these seeds, for so many seconds of processor time if they are given."""
    figures = Figures()
    began = time.process_time()
    for seed in seeds:
        if within is not None and time.process_time() - began > within:
            break
        world, reason = play(draw_scenario(seed), world_type=world_type)
        figures.note(world)
        if reason:
            figures.broken.append(shrink(world, reason, world_type))
            break
    figures.seconds = time.process_time() - began
    return figures


def play(
    scenario: Scenario, allowed: frozenset[int] | None = None, world_type: type[World] = World
) -> tuple[World, str]:
    """Play one world to its end; return it with what broke, empty when nothing did."""
    world = world_type(scenario, allowed)
    try:
        world.play()
    except BrokenError as broken:
        return world, str(broken)
    return world, ""


def shrink(world: World, reason: str, world_type: type[World] = World) -> Broken:
    """Leave out faults while something still breaks: first in halves, then one by one."""
    scenario = world.scenario
    best = Broken(scenario.seed, reason, world.faults.happened, world.trace)
    size, trials = max(1, len(best.faults) // 2), 0
    while trials < MAX_TRIALS:
        smaller = None
        for start in range(0, len(best.faults), size):
            kept = best.faults[:start] + best.faults[start + size :]
            allowed = frozenset(number for number, _ in kept)
            trials += 1
            tried, broke = play(scenario, allowed, world_type)
            if broke:
                smaller = Broken(scenario.seed, broke, tried.faults.happened, tried.trace)
                break
        if smaller is not None:
            best = smaller
            size = min(size, max(1, len(best.faults)))
        elif size == 1:
            break
        else:
            size //= 2
    return best
