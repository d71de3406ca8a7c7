"""The sweep over schedules: finds the job types whose next occurrence nobody made.

Invariant: what it finds is mended by the code that made it, which makes nothing twice.
"""

from collections import Counter
from dataclasses import dataclass

from formicary.domain.records import JobTypeRecord
from formicary.domain.sweep import PATIENCE, Stall, is_lost
from formicary.ports import Clock, DefinitionRepository
from formicary.service_layer.cron_planner import CronPlanner
from formicary.service_layer.sweep_runs import Swept

# A call of the function ends well within its time with so many at once.
_TYPES = 100


@dataclass(frozen=True, slots=True)
class ScheduleSweeper:
    """Looks at the job types of a tenant, a page at a time."""

    definitions: DefinitionRepository
    planner: CronPlanner
    clock: Clock

    def sweep(self, tenant: str, page: str) -> Swept:
        """Plan the next occurrence of each type whose schedule stands still."""
        listed = self.definitions.list_types(tenant, offset=0, limit=_TYPES, token=page or None)
        found: Counter[str] = Counter()
        for record in listed.records:
            if self._stands_still(record) and self._still_does(record):
                self.planner.apply(tenant, record.job_type)
                found[Stall.LOST_SCHEDULE.value] += 1
        return Swept(found, listed.next_token)

    def _still_does(self, listed: JobTypeRecord) -> bool:
        """Look again at the type as it is now, not as a list showed it."""
        record = self.definitions.find_type(listed.tenant, listed.job_type)
        return record is not None and self._stands_still(record)

    def _stands_still(self, record: JobTypeRecord) -> bool:
        schedule = self.definitions.find_schedule(record.tenant, record.job_type)
        now = self.clock.now()
        if not self.planner.is_in_line(record, schedule):
            return now - record.updated_at > PATIENCE
        return schedule is not None and is_lost(schedule, self.planner.pending(schedule), now)
