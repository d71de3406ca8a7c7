"""When a job type runs by itself: its schedule, and the one occurrence that is pending."""

from dataclasses import dataclass
from datetime import UTC, datetime

from formicary.domain.cron import next_times
from formicary.domain.job_run import Evolving, derive_ulid


@dataclass(frozen=True)
class Schedule(Evolving):
    """The schedule of a job type. `serial` grows with each change of it and so ends the old one.

    `pending_at` is the fire time of the occurrence that waits; None when no time follows.
    """

    tenant: str
    job_type: str
    serial: int
    version: int = 0
    expression: str = ""
    timezone: str = "UTC"
    catch_up: str = "once"
    user_id: str = ""
    pending_at: datetime | None = None
    revision: int = 0

    @property
    def pending_id(self) -> str:
        """The id of the pending occurrence, empty when there is none."""
        if self.pending_at is None:
            return ""
        name = f"cron:{self.tenant}:{self.job_type}:{self.serial}:{self.pending_at.isoformat()}"
        return derive_ulid(self.pending_at, name)

    @property
    def user_key(self) -> str:
        """What makes the pending occurrence one of a kind."""
        fire = self.pending_at.isoformat() if self.pending_at else ""
        return f"cron:{self.job_type}:{self.serial}:{fire}"

    def says(self, version: int, expression: str, timezone: str, catch_up: str) -> bool:
        """Whether it is in force as these say."""
        stated = (self.version, self.expression, self.timezone, self.catch_up)
        return stated == (version, expression, timezone, catch_up)


def next_fire(schedule: Schedule, after: datetime, now: datetime) -> datetime | None:
    """Return when the occurrence after one fires, None when no time follows.

    With `cron_catch_up: all` each missed one follows; else those that were missed are left out.
    """
    begin = after if schedule.catch_up == "all" else max(after, now)
    times = next_times(schedule.expression, begin, 1, schedule.timezone)
    return times[0].astimezone(UTC) if times else None
