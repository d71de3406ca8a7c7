"""Which wish still waits is read from the run: what the engine decides on changes its fence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.domain.decide import decide
from formicary.domain.events import (
    CancelRequested,
    Event,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    TaskFinished,
    TimerFired,
    TimerKind,
    TriggerRequested,
)
from formicary.domain.job_run import JobRun, Phase, execution_id
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.parsed_job import parse_job
from formicary.domain.states import RequestState
from formicary.domain.wishes import WISH_HOLDS, Verb, Wish, fence_of, of_same_start

JOB = """
job_type: wished
retry: 1
delay_between_retries: 1m
tasks:
- task_type: work
  method: SHELL
  script: [work]
- task_type: clean
  method: SHELL
  always_run: true
  script: [clean]
"""
GRAPH = parse_job(JOB).graph({})


def after(*events: Event, later: bool = False) -> JobRun:
    when = EPOCH + timedelta(days=1) if later else None
    order = RunOrder(
        tenant="acme",
        user_id="ann",
        job_type="wished",
        job_version=1,
        size=GRAPH.size,
        scheduled_at=when,
    )
    run = new_run(order, "r1", "key", EPOCH)
    for event in events:
        decision = decide(run, event, GRAPH, EPOCH)
        assert not decision.rejected, (event, decision.rejected)
        run = decision.run
    return run


FAILED = TaskFinished("work", 1, RequestState.FAILED, "1")
BEGUN = (JobSubmitted(),)
ENDED = (*BEGUN, CancelRequested(), TaskFinished("work", 1, RequestState.CANCELLED))
ENDED = (*ENDED, TaskFinished("clean", 1, RequestState.COMPLETED))
RETRY = TimerFired(TimerKind.JOB_RETRY, "", 1)

DECIDED: list[tuple[Verb, Callable[[], JobRun], Event]] = [
    (Verb.CANCEL, after, CancelRequested()),
    (Verb.CANCEL, lambda: after(*BEGUN), CancelRequested()),
    (Verb.PAUSE, lambda: after(*BEGUN), PauseRequested()),
    (Verb.PAUSE, lambda: after(later=True), PauseRequested()),
    (Verb.RESUME, lambda: after(*BEGUN, PauseRequested()), ResumeRequested(1)),
    (Verb.TRIGGER, lambda: after(later=True), TriggerRequested()),
    (Verb.RESTART, lambda: after(*ENDED), RestartRequested()),
]


@pytest.mark.parametrize(("verb", "before", "event"), DECIDED)
def test_a_wish_waits_until_the_engine_has_decided_on_it(
    verb: Verb, before: Callable[[], JobRun], event: Event
) -> None:
    run = before()
    wish = Wish(verb, EPOCH, fence=fence_of(verb, run))

    assert wish.fence
    assert wish.waits(run, EPOCH)
    decided = decide(run, event, GRAPH, EPOCH + timedelta(seconds=1)).run
    assert not wish.waits(decided, EPOCH)


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.PAUSE])
def test_a_wish_outlasts_what_the_run_does_by_itself(verb: Verb) -> None:
    run = after(*BEGUN)
    wish = Wish(verb, EPOCH, fence=fence_of(verb, run))

    for run in (after(*BEGUN, FAILED), retried()):
        assert wish.waits(run, EPOCH)


def retried() -> JobRun:
    resting = after(*BEGUN, FAILED)
    assert resting.phase is Phase.RETRYING
    return decide(resting, RETRY, GRAPH, EPOCH + timedelta(minutes=2)).run


def test_a_wish_whose_event_was_lost_holds_nobody_up_for_long() -> None:
    run = after(*BEGUN)
    wish = Wish(Verb.CANCEL, EPOCH, fence=fence_of(Verb.CANCEL, run))

    assert wish.waits(run, EPOCH + WISH_HOLDS - timedelta(milliseconds=1))
    assert not wish.waits(run, EPOCH + WISH_HOLDS)


REFUSED: list[tuple[Verb, Callable[[], JobRun]]] = [
    *((verb, lambda: after(*ENDED)) for verb in Verb if verb is not Verb.RESTART),
    (Verb.RESTART, lambda: after(*BEGUN)),
    (Verb.RESUME, lambda: after(*BEGUN)),
    (Verb.TRIGGER, lambda: after(*BEGUN)),
    (Verb.PAUSE, lambda: after(*BEGUN, PauseRequested())),
    (Verb.TRIGGER, lambda: after(PauseRequested(), later=True)),
]


@pytest.mark.parametrize(("verb", "run"), REFUSED)
def test_what_the_engine_would_refuse_has_no_fence(verb: Verb, run: Callable[[], JobRun]) -> None:
    assert not fence_of(verb, run())


@pytest.mark.parametrize(
    "change", [{"verb": Verb.PAUSE}, {"options": "now"}, {"fence": "start 1"}], ids=str
)
def test_wishes_are_alike_whoever_asks_but_not_whatever_is_asked(change: dict[str, Any]) -> None:
    wish = Wish(Verb.CANCEL, EPOCH, fence="start 0", by="ann")

    assert wish.is_like(replace(wish, by="joe", at=EPOCH + timedelta(seconds=1)))
    assert not wish.is_like(replace(wish, **change))


def test_executions_of_one_start_are_those_since_somebody_started_the_run() -> None:
    run, restarted = retried(), after(*ENDED, RestartRequested())
    first = execution_id(run.created_at, "r1", 0)

    assert run.execution_id != first
    assert of_same_start(run, first)
    assert not of_same_start(run, "another")
    assert not of_same_start(restarted, first)
