"""When a job type runs by itself: its schedule, and the one occurrence that is pending."""

from dataclasses import dataclass
from datetime import UTC, datetime

from formicary.domain.cron import next_times
from formicary.domain.job_run import Evolving, JobRun, Phase, derive_ulid


@dataclass(frozen=True)
class Schedule(Evolving):
    """The schedule of a job type. `serial` grows with each change of it and so ends the old one.

    `pending_at` is the fire time of the occurrence that waits; None when no time follows.
    `changed_at` is when that was decided. `replaced` is the id of the occurrence that waited when
    the schedule before this one was ended: it may have been made only after it was looked for.
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
    changed_at: datetime | None = None
    replaced: str = ""

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


def first_fire(schedule: Schedule, now: datetime) -> datetime | None:
    """Return when a schedule that begins now fires first, None when it never does."""
    return _fire_after(schedule, now)


def next_fire(schedule: Schedule, run: JobRun, now: datetime) -> datetime | None:
    """Return when the occurrence after one fires that has left, None when no time follows.

    With `cron_catch_up: all` each missed one follows, with `none` none of them. With `once` an
    occurrence that begins late stands for those that were missed by then; when nobody planned the
    next for a while after that, it is the first of those that were missed meanwhile.
    """
    fired = run.occurrence.fire_at if run.occurrence else run.scheduled_at
    seen = {"all": fired, "none": now}.get(schedule.catch_up, left_at(run) or now)
    return _fire_after(schedule, max(fired, seen))


def has_left(run: JobRun) -> bool:
    """Whether an occurrence waits for its time no more: it has begun, or was cancelled."""
    return run.phase is not Phase.WAITING or run.retried > 0


def left_at(run: JobRun) -> datetime | None:
    """Return when an occurrence began, or was cancelled before; None while it waits."""
    return run.started_at or run.ended_at


def _fire_after(schedule: Schedule, begin: datetime) -> datetime | None:
    times = next_times(schedule.expression, begin, 1, schedule.timezone)
    return times[0].astimezone(UTC) if times else None
