"""What the history of a run tells of reports that were late, doubled or forged, and of races."""

from datetime import timedelta
from typing import Any

import pytest

from formicary.domain.ant import ClaimRequest
from formicary.domain.errors import ForgedEventError, NotFoundError
from formicary.domain.events import (
    CancelRequested,
    JobSubmitted,
    RestartRequested,
    TaskFinished,
    TriggerRequested,
)
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.messages import EventMessage
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.handle_event import Outcome
from formicary.service_layer.replay_history import replay
from tests.unit.service_layer.engine_jobs import PIPELINE
from tests.unit.service_layer.engine_world import TENANT, Result, World

ONE_TASK = """
job_type: pipeline
tasks:
- task_type: extract
  method: SHELL
  script: [work]
"""


def _started(text: str = PIPELINE) -> tuple[World, str, TaskMessage]:
    world = World()
    world.upload(text)
    request = world.submit("pipeline", Name="x")
    world.handle_events()
    taken = world.receive_task()
    assert taken is not None
    return world, request, taken[1].message


def _reports(world: World) -> list[EventMessage]:
    return [got.message for got in world.events.receive()]


def _kinds(world: World, request: str) -> list[str]:
    return [type(entry.event).__name__ for entry in world.runs.history(TENANT, request)]


def test_every_change_is_told_once_in_its_order() -> None:
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="x")
    world.settle()

    run = world.run(request)
    entries = world.runs.history(TENANT, request)
    assert [entry.version for entry in entries] == list(range(2, run.version + 1))
    assert _kinds(world, request)[0] == "JobSubmitted"
    assert _kinds(world, request).count("TaskFinished") == 4


def test_a_report_that_comes_twice_is_noted_as_a_duplicate() -> None:
    world, request, message = _started()
    world.report(message, Result())
    [report] = _reports(world)
    assert world.handle(report) is Outcome.APPLIED
    assert world.handle(report) is Outcome.STALE

    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.kind, note.subject, note.by) == (
        "duplicate",
        "TaskFinished",
        "extract:1",
        "ant-1",
    )
    assert _kinds(world, request).count("TaskFinished") == 1


def test_a_forged_report_is_noted_and_changes_nothing() -> None:
    world, request, message = _started()
    world.report(message.model_copy(update={"proof": "guessed"}), Result())
    [report] = _reports(world)
    assert world.handle(report) is Outcome.FORGED
    assert world.handle(report) is Outcome.FORGED

    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.subject) == ("forged", "extract:1")
    assert world.run(request).active["extract"].attempt == 1


def test_a_cancel_of_a_run_that_has_ended_is_noted_as_refused() -> None:
    world, request, _ = _started()
    world.cancel(request)
    world.tell(world.run(request), CancelRequested("for another reason"))
    world.settle()

    notes = [(note.verdict, note.kind) for note in world.runs.notes(TENANT, request)]
    assert ("refused", "CancelRequested") in notes


def test_a_cancel_that_is_told_twice_is_noted_as_a_duplicate() -> None:
    world, request, _ = _started()
    world.cancel(request)
    world.cancel(request)
    world.handle_events()

    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.kind) == ("duplicate", "CancelRequested")


def test_a_restart_of_an_execution_that_another_restart_has_followed_is_noted() -> None:
    world, request, _ = _started(ONE_TASK)
    world.cancel(request)
    world.handle_events()
    ended = world.run(request)
    world.tell(ended, RestartRequested())
    world.tell(ended, RestartRequested(hard=True))
    world.handle_events()

    assert world.run(request).retried == 1
    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.kind) == ("refused", "RestartRequested")


@pytest.mark.parametrize("status", ["PENDING", "READY", "STARTED", "EXECUTING", "PAUSED"])
def test_a_report_of_a_state_that_no_attempt_ends_in_is_refused(status: str) -> None:
    world, request, message = _started()
    before = world.run(request)
    world.report(message, Result("0", RequestState(status)))
    [report] = _reports(world)
    assert world.handle(report) is Outcome.REFUSED

    assert world.run(request) == before
    assert list(world.runs.attempts(TENANT, request, before.execution_id)) == []
    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.subject, note.by) == ("refused", "extract:1", "ant-1")
    assert f"nobody may report that it is {status}" in note.reason


def test_an_ant_cannot_say_what_its_failure_leads_to() -> None:
    world, request, message = _started()
    before = world.run(request)
    outcome = {"status": "FAILED", "action": "RETRY_JOB", "action_retry": 99}
    world.report(message, Result("1"))
    [report] = _reports(world)
    forward = report.model_copy(update={"response": None, "event": {**report.event, **outcome}})
    assert world.handle(forward) is Outcome.REFUSED

    assert world.run(request) == before
    [note] = world.runs.notes(TENANT, request)
    assert "table of error codes" in note.reason


def test_a_claim_without_the_proof_of_the_attempt_is_noted_as_forged() -> None:
    world, request, message = _started()
    before = world.run(request)
    claim = ClaimRequest(
        job_request_id=request,
        job_execution_id=before.execution_id,
        task_type="extract",
        attempt=1,
        proof="guessed",
    )
    with pytest.raises(ForgedEventError):
        world.engine.claim(TENANT, "ant-9", claim)
    with pytest.raises(NotFoundError):
        world.engine.claim("evil", "ant-9", claim.model_copy(update={"proof": message.proof}))

    assert world.run(request) == before
    [note] = world.runs.notes(TENANT, request)
    assert (note.verdict, note.kind, note.subject, note.by) == (
        "forged",
        "claim",
        "extract:1",
        "ant-9",
    )


def test_a_large_outcome_is_told_whole_though_the_run_stays_small() -> None:
    world = World(lambda message: Result(context={"big": "x" * 5000}))
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="x")
    world.settle()

    assert any(entry.cut for entry in world.runs.history(TENANT, request))
    # That the history leads to the same state, context and all, is checked when the test ends.
    assert world.run(request).context == {"big": "x" * 5000}


def test_an_outcome_whose_commit_lost_the_race_does_not_stay_as_one_that_counted() -> None:
    world, request, message = _started(ONE_TASK)
    world.report(message, Result())
    [report] = _reports(world)
    cancelled = _Interloper(world, lambda: world.cancel(request) or world.handle_events())
    assert world.handle(report) is Outcome.STALE

    assert cancelled.done
    assert world.run(request).state is RequestState.CANCELLED
    kept = world.runs.attempts(TENANT, request, world.run(request).execution_id)
    assert [(a.status, a.late, a.assumed) for a in kept] == [
        (RequestState.CANCELLED, False, True),
        (RequestState.COMPLETED, True, False),
    ]
    assert not any(isinstance(e.event, TaskFinished) for e in world.runs.history(TENANT, request))


class _Interloper:
    """Let something else happen before the engine's next save, once."""

    def __init__(self, world: World, first: Any) -> None:
        self.done = False
        save = world.runs.save

        def later(run: JobRun) -> JobRun:
            if not self.done:
                self.done = True
                first()
            return save(run)

        world.runs.save = later  # type: ignore[method-assign]


def test_a_report_that_two_engines_take_at_once_keeps_its_outcome() -> None:
    world, request, message = _started(ONE_TASK)
    world.report(message, Result())
    [report] = _reports(world)

    def other() -> None:
        world.clock.advance(1)
        assert world.handle(report) is Outcome.APPLIED

    _Interloper(world, other)
    assert world.handle(report) is Outcome.STALE

    kept = world.runs.attempts(TENANT, request, world.run(request).execution_id)
    assert [(a.status, a.late) for a in kept] == [(RequestState.COMPLETED, False)]
    assert [note.verdict for note in world.runs.notes(TENANT, request)] == ["duplicate"]


RETRIED = """
job_type: pipeline
retry: 1
delay_between_retries: 60
tasks:
- task_type: extract
  method: SHELL
  script: [work]
"""


def test_a_run_that_was_cancelled_while_it_waited_for_its_retry_can_be_replayed() -> None:
    """Seed 572 of the simulator: the time of the retry was taken for that of the submit."""
    world, request, message = _started(RETRIED)
    world.report(message, Result(exit_code="1"))
    world.handle_events()
    assert world.run(request).phase is Phase.RETRYING
    world.cancel(request)
    world.handle_events()

    run = world.run(request)
    assert run.state is RequestState.CANCELLED
    again = replay(world.engine.situations, world.runs, run)
    assert again.evolve(tail=()) == run.evolve(tail=())


TIMED = ONE_TASK + "timeout: 60s\nretry: 1\ndelay_between_retries: 10m\n"


def test_a_run_whose_retry_was_triggered_before_any_task_had_ended_can_be_replayed() -> None:
    world, request, _ = _started(TIMED)
    world.clock.advance(61)
    world.handle_events()
    assert world.run(request).phase is Phase.RETRYING
    world.tell(world.run(request), TriggerRequested())
    world.settle()

    run = world.run(request)
    assert (run.state, run.job_retries) == (RequestState.COMPLETED, 1)
    again = replay(world.engine.situations, world.runs, run)
    assert again.evolve(tail=()) == run.evolve(tail=())


def test_a_run_for_later_that_was_cancelled_and_restarted_can_be_replayed() -> None:
    world = World()
    world.upload(ONE_TASK)
    due = world.clock.now() + timedelta(hours=1)
    request = world.submit("pipeline", due=due)
    world.handle_events()
    world.cancel(request)
    world.handle_events()
    world.restart(request)
    world.settle()

    run = world.run(request)
    assert (run.state, run.submitted_for) == (RequestState.COMPLETED, due)
    assert run.scheduled_at < due
    again = replay(world.engine.situations, world.runs, run)
    assert again.evolve(tail=()) == run.evolve(tail=())


def test_a_scheduled_run_whose_job_was_retried_can_be_replayed_though_its_timer_was_lost() -> None:
    """Seed 100009 of the simulator: it was taken for one that began when it was submitted."""
    world = World(lambda message: Result("1"))
    world.upload(RETRIED)
    request = world.submit("pipeline", due=world.clock.now() + timedelta(seconds=40))
    world.handle_events()
    world.clock.advance(50)
    for got in world.events.receive(10):
        world.events.delete(got.receipt)
    world.tell(world.run(request), JobSubmitted())
    world.settle()

    run = world.run(request)
    assert (run.state, run.job_retries) == (RequestState.FAILED, 1)
    again = replay(world.engine.situations, world.runs, run)
    assert again.evolve(tail=()) == run.evolve(tail=())
