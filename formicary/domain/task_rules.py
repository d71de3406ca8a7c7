"""What happens to single tasks and to the children that they fork."""

from dataclasses import replace

from formicary.domain.commands import CancelChild, CancelTask
from formicary.domain.events import (
    ChildFinished,
    ChildForked,
    TaskFinished,
    TaskLost,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TimerKind,
)
from formicary.domain.job_run import ActiveTask, ActivityState, JobRun
from formicary.domain.rule_table import ALWAYS, AT_WORK, FINALIZING, RejectedError, Rule
from formicary.domain.states import ChildMark, ErrorCode, RequestState, TaskMethod
from formicary.domain.walk import Walk

MAX_CONTEXT_CHARACTERS = 128 * 1024


def note_who_runs_it(walk: Walk, event: TaskStarted) -> None:
    """Note the ant that was seen with the attempt."""
    task = _current(walk, event.task_type, event.attempt)
    node = walk.graph.node(task.task_type)
    if task.state is not ActivityState.DISPATCHED or not node.method.needs_ant:
        raise RejectedError("the attempt is known to run, or is no longer wanted")
    walk.note_activity(
        task.evolve(
            state=ActivityState.EXECUTING,
            ant_id=event.ant_id,
            ant_host=event.ant_host,
            started_at=event.started_at,
        )
    )
    if node.method is TaskMethod.WEBSOCKET and node.timeout_seconds is not None:
        walk.start_timer(TimerKind.TASK_TIMEOUT, node.timeout_seconds, task)


def take_outcome(walk: Walk, event: TaskFinished) -> None:
    """Go on as the routes of the task say; an attempt that was being cancelled has ended."""
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


def give_to_another_ant(walk: Walk, event: TaskRedelivered) -> None:
    """Make a new attempt for the ant that took over the message of a lost one."""
    task = walk.active.get(event.task_type)
    if task is None or task.message_attempt != event.attempt:
        raise RejectedError("the attempt has ended")
    node = walk.graph.node(task.task_type)
    if task.state not in _ON_ANT or not node.method.needs_ant:
        raise RejectedError("the task is not, or no longer, for ants")
    if event.delivery and event.delivery <= task.delivery:
        # A claim that was slow: the message went to somebody else meanwhile, who may be done.
        raise RejectedError("this delivery, or a later one, has been claimed")
    if event.delivery == 1 and task.state is ActivityState.EXECUTING:
        # Only what was sent again is claimed when it comes first: the other message was not lost.
        raise RejectedError("an ant works on it")
    walk.lose(task, node, event)


def hand_out_again(walk: Walk, event: TaskLost) -> None:
    """Hand out an attempt that nobody has; as a new one if an ant had begun with it."""
    task = _current(walk, event.task_type, event.attempt)
    node = walk.graph.node(task.task_type)
    if task.state is ActivityState.EXECUTING:
        walk.lose(task, node)
    elif task.state is ActivityState.DISPATCHED:
        walk.send_out(task, node, again=True)
    else:
        raise RejectedError("the task is not handed out")


def note_forked_child(walk: Walk, event: ChildForked) -> None:
    """Complete the fork task."""
    task = walk.active.get(event.task_type)
    if task is None or task.attempt != event.attempt:
        _note_unwanted_child(walk, event)
        return
    node = walk.graph.node(task.task_type)
    if walk.run.child(node.index) is ChildMark.NONE:
        walk.set_child(node.index, ChildMark.RUNNING)
    done = TaskFinished(task.task_type, task.attempt, RequestState.COMPLETED)
    walk.take(task, node, done)


def _note_unwanted_child(walk: Walk, event: ChildForked) -> None:
    """Note a child whose fork task was ended meanwhile; cancel it where its like were cancelled."""
    _check_task(walk, event.task_type)
    index = walk.graph.index(event.task_type)
    mine = walk.run.child_request_id(index) == event.child_request_id
    if not mine or walk.run.child(index) is not ChildMark.NONE:
        raise RejectedError("the fork task has ended")
    walk.set_child(index, ChildMark.RUNNING)
    failure = walk.run.failure
    if failure is not None and failure.error_code in _STOPPED:
        walk.commands.append(CancelChild(event.child_request_id))


def _check_task(walk: Walk, task_type: str) -> None:
    if not walk.graph.has(task_type):
        raise RejectedError("the job has no such task any more")


def note_finished_child(walk: Walk, event: ChildFinished) -> None:
    """Note how the child ended; the last one that a task awaits ends that task."""
    _check_task(walk, event.task_type)
    index = walk.graph.index(event.task_type)
    if walk.run.child_request_id(index) != event.child_request_id:
        raise RejectedError("the child was forked by an earlier execution")
    if walk.run.child(index) not in (ChildMark.NONE, ChildMark.RUNNING):
        raise RejectedError("the child has ended already")
    walk.end_child(event.task_type, _CHILD_MARKS[event.state])


def run_again(walk: Walk, event: TimerFired) -> None:
    """Hand out the next attempt of a task, after its delay."""
    task = _waiting_for(walk, event, ActivityState.RETRYING)
    walk.dispatch(task, walk.graph.node(task.task_type))


def give_up_on_ant(walk: Walk, event: TimerFired) -> None:
    """Take a task as cancelled whose ant does not answer."""
    walk.drop(_waiting_for(walk, event, ActivityState.CANCELLING))


def time_task_out(walk: Walk, event: TimerFired) -> None:
    """Fail a task that has awaited its children, or a websocket ant, too long."""
    task = _waiting_for(walk, event, ActivityState.AWAITING, ActivityState.EXECUTING)
    if task.state is ActivityState.EXECUTING:
        walk.commands.append(CancelTask(task.task_type, task.attempt))
    node = walk.graph.node(task.task_type)
    message = f"the task took longer than its timeout of {node.timeout_seconds or 0:g} s"
    walk.take(task, node, _failed(task, ErrorCode.TASK_TIMED_OUT, message))


def give_up_on_socket(walk: Walk, event: TimerFired) -> None:
    """Dispatch a task again whose websocket ant has gone away for good."""
    task = _waiting_for(walk, event, *_ON_ANT)
    walk.lose(task, walk.graph.node(task.task_type))


def fail_for_want_of_ants(walk: Walk, event: TimerFired) -> None:
    """Fail a task that no ant has taken within `max_wait`."""
    task = _waiting_for(walk, event, ActivityState.DISPATCHED)
    limit = walk.graph.policy.max_wait_seconds or 0
    message = f"no ant took the task within max_wait ({limit:g} s)"
    walk.commands.append(CancelTask(task.task_type, task.attempt))
    walk.take(
        task,
        walk.graph.node(task.task_type),
        _failed(task, ErrorCode.ANTS_UNAVAILABLE, message),
    )


def give_to_function(walk: Walk, event: TimerFired) -> None:
    """Hand out an HTTP task again that no ant has, or will take: a function carries it out."""
    task = walk.active.get(event.task_type)
    # The timer belongs to the message: an ant that was lost may have claimed it as a new attempt.
    if task is None or task.message_attempt != event.attempt or task.state not in _ON_ANT:
        raise RejectedError("no ant is waited for, or for another message")
    walk.lose(task, walk.graph.node(task.task_type))


def _failed(task: ActiveTask, code: ErrorCode, message: str) -> TaskFinished:
    return TaskFinished(
        task.task_type,
        task.attempt,
        RequestState.FAILED,
        error_code=code,
        error_message=message,
    )


def _waiting_for(walk: Walk, event: TimerFired, *states: ActivityState) -> ActiveTask:
    task = _current(walk, event.task_type, event.attempt)
    if task.state not in states:
        raise RejectedError("the task does not wait for this timer")
    return task


def _current(walk: Walk, task_type: str, attempt: int) -> ActiveTask:
    task = walk.active.get(task_type)
    if task is None or task.attempt != attempt:
        raise RejectedError(f"attempt {attempt} of {task_type} is not the current one")
    return task


_ON_ANT = (ActivityState.DISPATCHED, ActivityState.EXECUTING)
_CHILD_MARKS = {
    RequestState.COMPLETED: ChildMark.COMPLETED,
    RequestState.FAILED: ChildMark.FAILED,
    RequestState.CANCELLED: ChildMark.CANCELLED,
}
_STOPPED = frozenset({ErrorCode.JOB_CANCELLED, ErrorCode.JOB_TIMED_OUT})
_OVER = "no task is at work"
TASK_RULES = (
    Rule(TaskStarted, AT_WORK, note_who_runs_it, _OVER),
    Rule(TaskFinished, AT_WORK, take_outcome, _OVER),
    Rule(TaskRedelivered, AT_WORK, give_to_another_ant, _OVER),
    Rule(TaskLost, AT_WORK, hand_out_again, _OVER),
    Rule(ChildForked, ALWAYS, note_forked_child),
    Rule(ChildFinished, ALWAYS, note_finished_child),
    Rule(TimerKind.RETRY, AT_WORK, run_again, _OVER),
    Rule(TimerKind.TASK_TIMEOUT, AT_WORK, time_task_out, _OVER),
    Rule(TimerKind.SOCKET_LEASE, AT_WORK, give_up_on_socket, _OVER),
    Rule(TimerKind.ANT_WAIT, AT_WORK, fail_for_want_of_ants, _OVER),
    Rule(TimerKind.ANT_CHECK, AT_WORK, give_to_function, _OVER),
    Rule(TimerKind.CANCEL_GRACE, (FINALIZING,), give_up_on_ant, _OVER),
)
