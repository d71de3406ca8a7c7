"""What goes wrong, and when: drawn from the seed, counted, and allowed one by one for shrinking."""

from collections import Counter
from collections.abc import Mapping
from random import Random

KINDS = (
    "killed before a call",
    "killed after a call",
    "throttled",
    "answer lost",
    "call repeated by the client",
    "function stalled",
    "message doubled",
    "message delayed",
    "event delivered again",
    "event delivered twice at once",
    "task delivered twice at once",
    "ant died",
    "ant cut off",
    "ant stopped extending",
    "heartbeat not answered",
)


class Faults:
    """Every chance of a fault has a number; `allowed` restricts which of them may happen."""

    def __init__(
        self, random: Random, rates: Mapping[str, float], allowed: frozenset[int] | None = None
    ) -> None:
        self._random = random
        self._rates = rates
        self._allowed = allowed
        self._chances = 0
        self.on = True
        self.happened: list[tuple[int, str]] = []

    def happens(self, kind: str) -> bool:
        """Whether this goes wrong now."""
        rate = self._rates.get(kind, 0.0)
        if not rate or not self.on:
            return False
        self._chances += 1
        if self._random.random() >= rate:
            return False
        if self._allowed is not None and self._chances not in self._allowed:
            return False
        self.happened.append((self._chances, kind))
        return True

    def counts(self) -> Counter[str]:
        return Counter(kind for _, kind in self.happened)


def draw_rates(random: Random) -> dict[str, float]:
    """Draw how much goes wrong: nothing at all, one kind often, or a bit of everything."""
    mood = random.random()
    if mood < 0.15:
        return {}
    if mood < 0.5:
        kinds = random.sample(KINDS, random.randint(1, 3))
        return {kind: random.choice([0.03, 0.1, 0.25]) for kind in kinds}
    rate = random.choice([0.005, 0.02, 0.06])
    return dict.fromkeys(KINDS, rate)
