"""What is drawn beside the first scenario, each from a stream of its own.

The seeds below `PLAIN` have none of it: tests name some of them for what they tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

PLAIN = 20_000
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
class Extras:
    """All that is drawn beside."""

    losses: Losses = field(default_factory=Losses)

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        return {"nights of housekeeping"} if self.losses.drawn else set()


def draw_extras(seed: int) -> Extras:
    """Draw what a seed has beside its scenario."""
    if seed < PLAIN:
        return Extras()
    return Extras(losses=_draw_losses(Random(f"losses {seed}")))


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
