"""The one place where anything that happened to a run becomes a new state and a list of commands.

`decide` is pure, total and deterministic: the same run, event, graph and moment give the same
decision, on a Lambda, in a simulator and offline. It raises on nothing that can arrive: an event
that does not fit the run any more is rejected with the reason, and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from formicary.domain.commands import CancelChild, Command, StartTimer
from formicary.domain.events import (
    CancelRequested,
    ChildFinished,
    ChildForked,
    Event,
    JobSubmitted,
    RestartRequested,
    SlotFreed,
    SlotsGranted,
    TaskFinished,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TimerKind,
    event_key,
)
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import ActiveTask, ActivityState, JobRun, Phase
from formicary.domain.restart import restarted
from formicary.domain.run_draft import EndedTask
from formicary.domain.states import ChildMark, ErrorCode, RequestState
from formicary.domain.walk import Walk

MAX_CONTEXT_CHARACTERS = 128 * 1024


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state and what to do; or, when `rejected` says why, the old state and nothing."""

    run: JobRun
    commands: tuple[Command, ...] = ()
    rejected: str = ""
    ended: tuple[EndedTask, ...] = ()


class _RejectedError(Exception):
    """The event does not fit the run as it is now."""


def decide(run: JobRun, event: Event, graph: JobGraph, now: datetime, cause: str = "") -> Decision:
    """Return what `event` does to `run` at `now`.

    `cause` names the queue message that led here, so that its redelivery performs the commands
    again; it is the event's own key unless the event follows from another in the same breath.
    """
    walk = Walk(run, graph, now)
    try:
        _RULES[type(event)](walk, event)
    except _RejectedError as reason:
        return Decision(run, rejected=str(reason))
    walk.advance()
    new_run = walk.committed(cause or event_key(event))
    return Decision(new_run, tuple(walk.commands), ended=tuple(walk.ended))


def _start_waiting_run(walk: Walk, _event: JobSubmitted) -> None:
    if walk.run.phase is not Phase.WAITING:
        raise _RejectedError("the run has begun already")
    if walk.run.scheduled_at > walk.now:
        walk.commands.append(StartTimer(TimerKind.START, walk.run.scheduled_at))
    else:
        walk.enter(walk.run.frontier)


def _try_again(walk: Walk, event: SlotFreed) -> None:
    if walk.run.phase is not Phase.WAITING or walk.run.stint != event.stint:
        raise _RejectedError("the run does not wait for a slot")
    walk.enter(walk.run.frontier, waited=True)


def _begin_with_slots(walk: Walk, event: SlotsGranted) -> None:
    if walk.run.phase is not Phase.WAITING or walk.run.stint != event.stint:
        raise _RejectedError("the run does not wait for its slots any more")
    walk.change(holds_slots=True)
    walk.enter(walk.run.frontier)


def _note_who_runs_it(walk: Walk, event: TaskStarted) -> None:
    task = _current(walk, event.task_type, event.attempt)
    for_ants = walk.graph.node(task.task_type).method.needs_ant
    if task.state is not ActivityState.DISPATCHED or not for_ants:
        raise _RejectedError("the attempt is known to run, or is no longer wanted")
    walk.note_activity(
        task.evolve(
            state=ActivityState.EXECUTING,
            ant_id=event.ant_id,
            ant_host=event.ant_host,
            started_at=event.started_at,
        )
    )


def _take_outcome(walk: Walk, event: TaskFinished) -> None:
    task = _current(walk, event.task_type, event.attempt)
    if task.state is ActivityState.CANCELLING:
        walk.drop(task)
        return
    node = walk.graph.node(task.task_type)
    event = _with_bounded_context(walk.run, event)
    walk.merge_context(event)
    walk.take(task, node, event)


def _with_bounded_context(run: JobRun, event: TaskFinished) -> TaskFinished:
    """Turn an outcome that would make the run too large to store into a failure."""
    if not event.context:
        return event
    merged = {**run.context, **event.context}
    size = sum(len(name) + len(value) for name, value in merged.items())
    if size <= MAX_CONTEXT_CHARACTERS:
        return event
    message = (
        f"set-output would bring the context of the job to {size} characters; at most "
        f"{MAX_CONTEXT_CHARACTERS} are kept: pass large values on as artifacts"
    )
    return replace(
        event,
        status=RequestState.FAILED,
        exit_code="",
        error_code=ErrorCode.VALIDATION,
        error_message=message,
        context={},
    )


def _give_to_another_ant(walk: Walk, event: TaskRedelivered) -> None:
    task = walk.active.get(event.task_type)
    if task is None or task.message_attempt != event.attempt:
        raise _RejectedError("the attempt has ended")
    node = walk.graph.node(task.task_type)
    on_ant = task.state in (ActivityState.DISPATCHED, ActivityState.EXECUTING)
    if not on_ant or not node.method.needs_ant:
        raise _RejectedError("the task is not, or no longer, for ants")
    walk.lose(task, node, event.ant_id)


def _note_forked_child(walk: Walk, event: ChildForked) -> None:
    task = walk.active.get(event.task_type)
    if task is None or task.attempt != event.attempt:
        if walk.run.outcome is not RequestState.CANCELLED:
            raise _RejectedError("the fork task has ended")
        walk.commands.append(CancelChild(event.child_request_id))
        return
    node = walk.graph.node(task.task_type)
    if walk.run.child(node.index) is ChildMark.NONE:
        walk.set_child(node.index, ChildMark.RUNNING)
    done = TaskFinished(task.task_type, task.attempt, RequestState.COMPLETED)
    walk.take(task, node, done)


def _note_finished_child(walk: Walk, event: ChildFinished) -> None:
    index = walk.graph.index(event.task_type)
    if walk.run.child_request_id(index) != event.child_request_id:
        raise _RejectedError("the child was forked by an earlier execution")
    if walk.run.child(index) not in (ChildMark.NONE, ChildMark.RUNNING):
        raise _RejectedError("the child has ended already")
    walk.set_child(index, _CHILD_MARKS[event.state])
    for task in list(walk.active.values()):
        if task.state is ActivityState.AWAITING:
            node = walk.graph.node(task.task_type)
            if event.task_type in node.await_forked_tasks:
                walk.settle_await(task, node)


def _take_timer(walk: Walk, event: TimerFired) -> None:
    if event.timer is TimerKind.START:
        _start_waiting_run(walk, JobSubmitted())
    elif event.timer is TimerKind.JOB_TIMEOUT:
        _time_job_out(walk)
    else:
        _take_task_timer(walk, event)


def _time_job_out(walk: Walk) -> None:
    if walk.run.phase is not Phase.WALKING:
        raise _RejectedError("the job is ending already")
    limit = walk.graph.policy.timeout_seconds or 0
    walk.fail_job(ErrorCode.JOB_TIMED_OUT, f"the job took longer than its timeout of {limit:g} s")
    walk.stop(RequestState.FAILED, children=True)


def _take_task_timer(walk: Walk, event: TimerFired) -> None:
    task = _current(walk, event.task_type, event.attempt)
    if task.state is not _TIMER_STATES[event.timer]:
        raise _RejectedError("the task does not wait for this timer")
    node = walk.graph.node(task.task_type)
    if event.timer is TimerKind.RETRY:
        walk.dispatch(task, node)
    elif event.timer is TimerKind.CANCEL_GRACE:
        walk.drop(task)
    else:
        limit = node.timeout_seconds or 0
        timed_out = TaskFinished(
            task.task_type,
            task.attempt,
            RequestState.FAILED,
            error_code=ErrorCode.TASK_TIMED_OUT,
            error_message=f"the task took longer than its timeout of {limit:g} s",
        )
        walk.take(task, node, timed_out)


def _cancel(walk: Walk, event: CancelRequested) -> None:
    run = walk.run
    if run.phase not in (Phase.WAITING, Phase.WALKING):
        raise _RejectedError(f"the run is ending or has ended ({run.outcome})")
    walk.fail_job(ErrorCode.JOB_CANCELLED, event.reason or "cancelled")
    if run.phase is Phase.WAITING:
        walk.finish_unstarted(RequestState.CANCELLED)
    else:
        walk.stop(RequestState.CANCELLED, children=True)


def _restart(walk: Walk, event: RestartRequested) -> None:
    if walk.run.phase is not Phase.ENDED:
        raise _RejectedError("the run has not ended")
    walk.run, frontier = restarted(walk.run, walk.graph, walk.now, event.hard)
    walk.active.clear()
    walk.enter(frontier)


def _current(walk: Walk, task_type: str, attempt: int) -> ActiveTask:
    task = walk.active.get(task_type)
    if task is None or task.attempt != attempt:
        raise _RejectedError(f"attempt {attempt} of {task_type} is not the current one")
    return task


_CHILD_MARKS = {
    RequestState.COMPLETED: ChildMark.COMPLETED,
    RequestState.FAILED: ChildMark.FAILED,
    RequestState.CANCELLED: ChildMark.CANCELLED,
}
_TIMER_STATES = {
    TimerKind.RETRY: ActivityState.RETRYING,
    TimerKind.TASK_TIMEOUT: ActivityState.AWAITING,
    TimerKind.CANCEL_GRACE: ActivityState.CANCELLING,
}
_RULES: dict[type[Event], Callable[[Walk, Any], None]] = {
    JobSubmitted: _start_waiting_run,
    SlotFreed: _try_again,
    SlotsGranted: _begin_with_slots,
    TaskStarted: _note_who_runs_it,
    TaskFinished: _take_outcome,
    TaskRedelivered: _give_to_another_ant,
    ChildForked: _note_forked_child,
    ChildFinished: _note_finished_child,
    TimerFired: _take_timer,
    CancelRequested: _cancel,
    RestartRequested: _restart,
}
