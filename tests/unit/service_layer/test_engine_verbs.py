"""What people ask of a run while the engine is at it: pause, restart on another version."""

from datetime import timedelta
from typing import Any

import pytest

from formicary.domain.events import (
    CancelRequested,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    TimerFired,
    TimerKind,
)
from formicary.domain.job_run import Phase
from formicary.domain.states import RequestState
from formicary.service_layer.task_view import TaskFacts, task_views
from tests.unit.service_layer.engine_jobs import DIAMOND, SECOND_TRY
from tests.unit.service_layer.engine_world import TENANT, Result, World

TWO = """
job_type: two
tasks:
- task_type: first
  method: SHELL
  script: [first]
  on_completed: second
- task_type: second
  method: SHELL
  script: [second]
"""
TWO_MENDED = TWO.replace(
    "tasks:\n",
    "tasks:\n- task_type: new\n  method: SHELL\n  script: [new]\n  depends_on: [second]\n",
).replace("[second]\n", "[second]\n", 1)


def test_a_restart_on_another_version_matches_tasks_by_name() -> None:
    broken = True

    def outcome(message):  # type: ignore[no-untyped-def]
        return Result("1") if message.request.task_type == "second" and broken else Result()

    world = World(outcome)
    world.upload(TWO)
    request = world.submit("two")
    world.settle()
    assert world.run(request).state is RequestState.FAILED
    first = world.run(request).execution_id

    broken = False
    world.upload(TWO_MENDED)
    world.tell(world.run(request), RestartRequested(job_version=2))
    world.settle()
    run = world.run(request)
    assert (run.state, run.job_version) == (RequestState.COMPLETED, 2)
    assert [task for task, _ in world.ran] == ["first", "second", "second", "new"]
    assert run.origin_execution_id(1) == first


def test_the_earlier_execution_of_a_retried_job_is_kept_as_failed() -> None:
    world = World(
        lambda message: Result(
            "7" if message.request.task_type == "work" and not message.request.job_retry else "0"
        )
    )
    world.upload(SECOND_TRY)
    request = world.submit("second-try")
    began = world.clock.now()
    world.settle()
    run = world.run(request)
    assert run.state is RequestState.COMPLETED
    assert (world.clock.now() - began).total_seconds() >= 20 * 60
    kept = world.runs._archive["acme", request, run.last_execution_id]
    assert (kept.state, kept.error_code) == (RequestState.FAILED, "ERR_TASK_EXECUTE")
    assert [task for task, _ in world.ran] == ["setup", "work", "work", "clean"]


def test_a_job_paused_now_loses_no_task_and_runs_the_interrupted_one_again() -> None:
    world = World()
    world.upload(DIAMOND)
    request = world.submit("diamond")
    world.handle_events()
    world.tell(world.run(request), PauseRequested(now=True, after=0))
    world.settle()
    assert world.run(request).state is RequestState.PAUSED

    world.tell(world.run(request), ResumeRequested(hold=1))
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
    assert ("split", 2) in world.ran


@pytest.mark.parametrize("wish", [CancelRequested("enough"), PauseRequested(after=0)])
def test_what_is_asked_of_a_failed_execution_counts_for_its_retry(wish: Any) -> None:
    world = World(lambda message: Result("7" if message.request.task_type == "work" else "0"))
    world.upload(SECOND_TRY)
    request = world.submit("second-try")
    while world.run(request).phase is not Phase.RETRYING:
        world.handle_events()
        world.work()
    asked = world.run(request)
    world.clock.advance(20 * 60)
    world.handle_events()
    assert world.run(request).retried == 1

    world.tell(asked, wish)
    world.settle()

    state = "CANCELLED" if isinstance(wish, CancelRequested) else "PAUSED"
    assert world.run(request).state == state
    assert list(world.runs.notes(TENANT, request)) == []


def test_what_was_asked_of_an_execution_does_not_count_after_a_restart() -> None:
    world = World(lambda message: Result("7"))
    world.upload(TWO)
    request = world.submit("two")
    world.handle_events()
    asked = world.run(request)
    world.settle()
    world.restart(request)
    world.handle_events()

    world.tell(asked, CancelRequested("enough"))
    world.settle()

    assert world.run(request).state is RequestState.FAILED
    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.kind) == ("refused", "CancelRequested")


def test_tasks_that_waited_when_the_job_was_cancelled_are_not_shown() -> None:
    world = World()
    world.upload(DIAMOND)
    request = world.submit("diamond")
    world.handle_events()
    world.work()
    world.handle_events()
    facts = [TaskFacts(name, "SHELL") for name in ("split", "left", "right", "join")]
    shown = [view.task_type for view in task_views(world.run(request), facts, [])]
    assert shown == ["split", "left", "right"]

    world.cancel(request)
    world.settle()
    shown = [view.task_type for view in task_views(world.run(request), facts, [])]
    assert shown == ["split", "left"]


def test_the_timer_of_a_run_that_was_paused_before_its_time_fires_once() -> None:
    """Seed 100442 of the simulator: it was started again and again, and each time fired at once."""
    world = World()
    world.upload(TWO)
    due = world.clock.now() + timedelta(seconds=40)
    request = world.submit("two", due=due)
    world.handle_events()
    world.clock.advance(39.7)
    early = TimerFired(TimerKind.START, fire_at=due)
    world.tell(world.run(request), early)
    world.handle_events()
    world.tell(world.run(request), PauseRequested())
    world.handle_events()
    assert world.run(request).state is RequestState.PAUSED

    world.clock.advance(1)
    handled = sum(world.handle_events() for _ in range(20))

    assert handled <= 2
    assert world.events.queue.next_visible_at() is None
    world.tell(world.run(request), ResumeRequested(world.run(request).holds))
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
