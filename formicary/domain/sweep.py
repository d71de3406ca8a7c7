"""The sweep: runs that wait for an event which should have come long ago, and that event."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from formicary.domain.commands import AcquireSlots, StartTimer
from formicary.domain.events import Event, JobSubmitted, TimerFired, TimerKind
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.outbox import still_due

# Longer than a queue may delay, and than all tries of an event take that fails again and again.
PATIENCE = timedelta(minutes=30)


class Stall(StrEnum):
    """Why nothing moves a run."""

    NEVER_BEGUN = "never_begun"
    LOST_TIMER = "lost_timer"


def stalls(run: JobRun, now: datetime) -> Iterator[tuple[Stall, Event]]:
    """Yield what a run waits for in vain; telling it so does no harm if it comes after all."""
    if _never_begun(run, now):
        yield Stall.NEVER_BEGUN, JobSubmitted()
    for entry in run.outbox:
        timer = entry.command
        if isinstance(timer, StartTimer) and still_due(run, timer) and _is_lost(timer, now):
            event = TimerFired(timer.timer, timer.task_type, timer.attempt, timer.fire_at)
            yield Stall.LOST_TIMER, event


def _never_begun(run: JobRun, now: datetime) -> bool:
    """Whether a run should have begun; one in a line of a gate is moved by who leaves it."""
    in_line = any(
        isinstance(entry.command, AcquireSlots) and still_due(run, entry.command)
        for entry in run.outbox
    )
    waits_since = max(run.scheduled_at, run.updated_at or run.created_at)
    return (
        run.phase is Phase.WAITING and not run.hold and not in_line and now - waits_since > PATIENCE
    )


def _is_lost(timer: StartTimer, now: datetime) -> bool:
    """Whether it would have fired; the lease of a websocket ant prolongs itself, off the record.

    The start of a run is looked after above.
    """
    looked_after = timer.timer in (TimerKind.SOCKET_LEASE, TimerKind.START)
    return not looked_after and now - timer.fire_at > PATIENCE
