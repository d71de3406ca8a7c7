"""The outbox: commands committed with the state that called for them.

It is cleared lazily. A command stays until the run shows that it was carried out (or is no longer
wanted); only the redelivery of the event that caused it performs it again. So the common path pays
no write for clearing, and a crash between commit and perform is repaired by the queue.
"""

from collections.abc import Iterable, Iterator

from formicary.domain.commands import (
    AcquireSlots,
    Command,
    DispatchTask,
    ForkItems,
    ForkJob,
    ReturnLease,
    StartTimer,
)
from formicary.domain.events import JobSubmitted, TimerFired, TimerKind, event_key
from formicary.domain.job_run import ActivityState, Hold, JobRun, OutboxEntry, Phase
from formicary.domain.states import ChildMark, TaskMark

MAX_RETURNS = 40


def next_outbox(run: JobRun, cause: str, commands: Iterable[Command]) -> tuple[OutboxEntry, ...]:
    """Return the outbox after an event: what is still due, then the new commands."""
    added = [OutboxEntry(cause, command) for command in commands]
    asks_again = any(isinstance(entry.command, AcquireSlots) for entry in added)
    kept = [
        entry
        for entry in run.outbox
        if still_due(run, entry.command)
        and not (asks_again and isinstance(entry.command, AcquireSlots))
    ]
    return _without_old_returns((*kept, *_returns_of_latecomers(run, added), *added))


def _returns_of_latecomers(run: JobRun, added: Iterable[OutboxEntry]) -> Iterator[OutboxEntry]:
    """Yield the returns of leases again, for the events that had handed out the tasks.

    The function that hands one out may stall until the task has ended and its lease was returned,
    take the lease then, and die. Its event is delivered again.
    """
    ended = {
        entry.command.task_type: entry for entry in added if isinstance(entry.command, ReturnLease)
    }
    for entry in run.outbox if ended else ():
        ends = isinstance(entry.command, DispatchTask) and ended.get(entry.command.task_type)
        if ends and ends.cause != entry.cause:
            yield OutboxEntry(entry.cause, ends.command)


def _without_old_returns(outbox: tuple[OutboxEntry, ...]) -> tuple[OutboxEntry, ...]:
    """Leave out the oldest returns of leases, which no state ever shows as done.

    So a job of many tasks that lease has a small outbox. Should a function have died just before
    such a one, the nightly sweep finds the lease.
    """
    returns = [entry for entry in outbox if isinstance(entry.command, ReturnLease)]
    old = set(returns[:-MAX_RETURNS])
    return tuple(entry for entry in outbox if entry not in old) if old else outbox


def caused_by(run: JobRun, cause: str) -> tuple[Command, ...]:
    """Return the commands that a redelivered event has to perform again.

    A start timer also makes good what the submit left undone: one that two functions had at once
    may have started the run in the first, which died, and been too early in the second.
    """
    return tuple(
        entry.command
        for entry in run.outbox
        if still_due(run, entry.command)
        and (
            entry.cause == cause
            or (cause == _START and entry.cause == _SUBMIT and not _is_timer(entry.command))
        )
    )


_SUBMIT = event_key(JobSubmitted())
_START = event_key(TimerFired(TimerKind.START))


def _is_timer(command: Command) -> bool:
    return isinstance(command, StartTimer)


def still_due(run: JobRun, command: Command) -> bool:
    """Whether the state still waits for what the command does."""
    if isinstance(command, ForkJob) and _child_may_wait(run, command):
        return True
    if isinstance(command, DispatchTask | ForkJob):
        return _active_in(run, command.task_type, command.attempt, ActivityState.DISPATCHED)
    if isinstance(command, ForkItems):
        return _next_batch_due(run, command)
    if isinstance(command, StartTimer):
        return _timer_due(run, command)
    if isinstance(command, AcquireSlots):
        waits = run.phase is Phase.WAITING or run.hold is Hold.SLOT
        return waits and run.stint == command.stint
    return True


def _child_may_wait(run: JobRun, fork: ForkJob) -> bool:
    """Whether a fork was cancelled before it told of its child, which may exist and be waiting."""
    return fork.task_type not in run.active and any(
        mark == TaskMark.CANCELLED
        and child == ChildMark.NONE
        and run.child_request_id(index) == fork.child_request_id
        for index, (mark, child) in enumerate(zip(run.marks, run.children, strict=True))
    )


def _next_batch_due(run: JobRun, command: ForkItems) -> bool:
    fan = run.fans.get(command.index)
    if fan is None or (run.forks[command.index], fan.forked) != (command.fork, command.begin):
        return False
    return _active_in(run, command.task_type, command.attempt, ActivityState.DISPATCHED)


def _timer_due(run: JobRun, timer: StartTimer) -> bool:
    """Whether a timer is waited for; those of a job are set anew when a pause ends."""
    if timer.timer is TimerKind.START:
        return run.phase is Phase.WAITING and not run.hold
    if timer.timer is TimerKind.JOB_TIMEOUT:
        return run.phase is Phase.WALKING and not run.hold and timer.fire_at == run.deadline
    if timer.timer is TimerKind.JOB_RETRY:
        waits = run.phase is Phase.RETRYING and not run.hold
        return waits and timer.fire_at == run.scheduled_at
    if timer.timer is TimerKind.PAUSE:
        return run.hold is Hold.TIMED and timer.attempt == run.holds
    return _active_in(run, timer.task_type, timer.attempt, *_AWAITED[timer.timer])


_AWAITED = {
    TimerKind.RETRY: (ActivityState.RETRYING,),
    # An ant watches the time of its task itself; the engine does for a websocket ant.
    TimerKind.TASK_TIMEOUT: (ActivityState.AWAITING, ActivityState.EXECUTING),
    TimerKind.CANCEL_GRACE: (ActivityState.CANCELLING,),
    TimerKind.ANT_WAIT: (ActivityState.DISPATCHED,),
    TimerKind.SOCKET_LEASE: (ActivityState.DISPATCHED, ActivityState.EXECUTING),
}


def _active_in(run: JobRun, task_type: str, attempt: int, *states: ActivityState) -> bool:
    active = run.active.get(task_type)
    return active is not None and active.attempt == attempt and active.state in states
