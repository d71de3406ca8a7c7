"""The stream of the table, which tells of ends and loses some of them for good."""

from random import Random

from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from formicary.adapters.memory.in_memory_told_ends import InMemoryToldEnds
from formicary.domain.job_run import JobRun
from formicary.domain.lifecycle_event import end_of, event_of_end
from tests.simulator.extras import Losses


class Stream:
    """Hears of each commit; what it loses is drawn from a stream of its own."""

    def __init__(self, seed: int, losses: Losses) -> None:
        self._random = Random(f"stream {seed}")
        self._rate = max(losses.rates.values(), default=0.0)
        self.bus = InMemoryEventBus()
        self.told_ends = InMemoryToldEnds()
        self.lost = 0

    def tell(self, before: JobRun, after: JobRun, *, kind: bool) -> None:
        """Tell of the end of a run, and note it; or lose it, unless the world is kind."""
        if not after.state.terminal or (before.state.terminal and end_of(before) == end_of(after)):
            return
        if not kind and self._random.random() < self._rate:
            self.lost += 1
            return
        self.bus.publish([event_of_end(after)])
        self.told_ends.note([end_of(after)])
