"""The sweep over runs that have ended: the event bus is told of those ends that it never heard of.

The stream of the table tells it, and may lose a record. Whoever listens may be told twice: the id
of the event is the same.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from formicary.domain.job_run import JobRun
from formicary.domain.lifecycle_event import end_of, event_of_end
from formicary.domain.sweep import Stall, should_be_told
from formicary.ports import Clock, EventBus, RunRepository, ToldEnds


@dataclass(slots=True)
class EndSweeper:
    """Looks at ended runs of a tenant, as many as a list had on a page."""

    runs: RunRepository
    told: ToldEnds
    bus: EventBus
    clock: Clock

    def sweep(self, tenant: str, listed: Sequence[JobRun]) -> Counter[str]:
        """Tell the bus of ends that nobody has told it of; what it refuses is found again."""
        now = self.clock.now()
        ends = {end_of(run): run for run in listed if should_be_told(run, now)}
        untold = self.told.untold(tenant, ends)
        found = list(self._as_they_are(ends[end] for end in untold))
        refused = set(self.bus.publish([event_of_end(run) for run in found]))
        self.told.note([end_of(run) for i, run in enumerate(found) if i not in refused])
        return Counter({Stall.UNTOLD_END.value: len(found)} if found else {})

    def _as_they_are(self, listed: Iterator[JobRun]) -> Iterator[JobRun]:
        """Yield the runs whole, without those that somebody has started again since."""
        for run in listed:
            current = self.runs.find(run.tenant, run.request_id)
            if current and current.state.terminal and end_of(current) == end_of(run):
                yield current
