from datetime import timedelta
from typing import Any

import pytest

from formicary.adapters.memory.fake_clock import FakeClock
from formicary.domain.commands import AcquireSlots, StartTimer
from formicary.domain.events import JobSubmitted, TimerFired, TimerKind
from formicary.domain.job_run import ActiveTask, ActivityState, Hold, JobRun, OutboxEntry, Phase
from formicary.domain.states import RequestState
from formicary.domain.sweep import PATIENCE, Stall, stalls

NOW = FakeClock().now()
LONG_AGO = NOW - PATIENCE - timedelta(seconds=1)


def a_run(**fields: Any) -> JobRun:
    given = {"created_at": LONG_AGO, "scheduled_at": LONG_AGO, **fields}
    return JobRun("acme", "run", "exec", "job", 1, "key", **given)


def retrying(*, fire_at: Any, attempt: int = 2) -> JobRun:
    """A run with a task that waits for its retry timer."""
    timer = StartTimer(TimerKind.RETRY, fire_at, "work", attempt)
    return a_run(
        state=RequestState.EXECUTING,
        phase=Phase.WALKING,
        active={"work": ActiveTask("work", 2, ActivityState.RETRYING, LONG_AGO)},
        outbox=(OutboxEntry("TaskFinished:work:1", timer),),
    )


def test_a_request_whose_submission_was_never_handled_is_submitted_again():
    assert list(stalls(a_run(), NOW)) == [(Stall.NEVER_BEGUN, JobSubmitted())]


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": NOW, "scheduled_at": NOW},
        {"scheduled_at": NOW + timedelta(days=1)},
        {"scheduled_at": NOW - timedelta(minutes=1)},
        {"updated_at": NOW - timedelta(minutes=1)},
        {"hold": Hold.USER},
        {"phase": Phase.WALKING},
        {"phase": Phase.ENDED},
        {"outbox": (OutboxEntry("JobSubmitted", AcquireSlots(0)),)},
    ],
    ids=[
        "it is new",
        "it is for later",
        "its time has just come",
        "it has just changed",
        "it is paused",
        "it goes on",
        "it has ended",
        "it stands in a line",
    ],
)
def test_a_run_is_left_alone_when(fields):
    assert list(stalls(a_run(**fields), NOW)) == []


def test_a_timer_that_should_have_fired_long_ago_fires():
    lost = TimerFired(TimerKind.RETRY, "work", 2, LONG_AGO)

    assert list(stalls(retrying(fire_at=LONG_AGO), NOW)) == [(Stall.LOST_TIMER, lost)]


def test_a_timer_that_is_not_due_or_has_become_pointless_does_not():
    assert list(stalls(retrying(fire_at=NOW + timedelta(days=1)), NOW)) == []
    assert list(stalls(retrying(fire_at=NOW - timedelta(minutes=1)), NOW)) == []
    assert list(stalls(retrying(fire_at=LONG_AGO, attempt=1), NOW)) == []
