"""Growing, jittered pauses between attempts."""

import random


class Backoff:
    """Doubles from the first pause to the longest; `reset` starts again."""

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._next = first_seconds

    def reset(self) -> None:
        """Start again with the first pause."""
        self._next = self._first

    def next_seconds(self) -> float:
        """Return the next pause."""
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause * random.uniform(0.7, 1.3)  # noqa: S311 - spreads load, guards nothing
