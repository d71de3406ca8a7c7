"""The sweep: what waits for an event that should have come long ago, and that event.

Invariant: whatever is found here may turn out to be under way after all. Telling a run so does no
harm then: the engine refuses what it does not wait for.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from formicary.domain.commands import (
    AcquireSlots,
    CancelChild,
    CancelItems,
    Command,
    StartTimer,
)
from formicary.domain.events import Event, JobSubmitted, TaskLost, TimerFired, TimerKind
from formicary.domain.gates import GateMember, is_resource_gate
from formicary.domain.http_function import FUNCTION_ANT_ID
from formicary.domain.job_run import ActiveTask, ActivityState, Hold, JobRun, Phase
from formicary.domain.outbox import still_due
from formicary.domain.routing_key import RoutingKey
from formicary.domain.schedule import Schedule, has_left, left_at
from formicary.domain.socket_ant import SocketAnt
from formicary.domain.states import ChildMark, TaskMethod
from formicary.domain.tally import Tally, tally_prefix, untold_items
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.task_lease import waits_for_lease
from formicary.domain.task_request import task_key

# Longer than a queue may delay, and than all tries of an event take that fails again and again.
PATIENCE = timedelta(minutes=30)
# Between the commit of a task and its message on the queue, or its report and its end.
_UNDER_WAY = timedelta(minutes=2)
# So that two nights may fail, and the next one still sees what ended before them.
_LOOKS_BACK = timedelta(days=3)
# API Gateway closes a websocket after two hours.
_CONNECTION = timedelta(hours=2)
_OUT = (ActivityState.DISPATCHED, ActivityState.EXECUTING)


class Stall(StrEnum):
    """What no event would have moved again."""

    NEVER_BEGUN = "never_begun"
    LOST_TIMER = "lost_timers"
    LOST_TASK = "lost_tasks"
    OUT_OF_LINE = "out_of_line"
    UNTOLD_PARENT = "untold_parents"
    UNTOLD_CHILD = "untold_children"
    KEPT_SLOT = "kept_slots"
    ENDED_LEASE = "ended_leases"
    DEAD_WAITER = "dead_waiters"
    UNWOKEN = "unwoken"
    UNTOLD_END = "untold_ends"
    LOST_SCHEDULE = "lost_schedules"
    STRAY_OCCURRENCE = "stray_occurrences"


class TaskSupply:
    """The messages that were on the task queues at a moment, less those that tasks account for.

    A queue says how much it has, not what. So each task that was out at that moment takes one
    message of its queue, the youngest first; those that find none left have lost theirs. Lists
    begin with the youngest, and queues hand out the oldest first: what was lost is what is left.
    """

    def __init__(
        self, left: Mapping[str, int], counted_at: datetime, reported: Collection[str]
    ) -> None:
        """Take the messages by routing key, when they were counted, and what ants report."""
        self.left = dict(left)
        self.counted_at = counted_at
        self._reported = reported

    def accounts_for(self, task: ActiveTask, key: RoutingKey) -> bool:
        """Whether there is, or may be, a message of a task; it is used up."""
        if _out_since(task) > self.counted_at - _UNDER_WAY:
            return True
        for name in self._queues(key):
            if self.left[name] > 0:
                self.left[name] -= 1
                return True
        return False

    def is_reported(self, run: JobRun, task: ActiveTask) -> bool:
        """Whether an ant reports the attempt."""
        return task_key(run.execution_id, task.task_type, task.attempt) in self._reported

    def _queues(self, key: RoutingKey) -> list[str]:
        """Return the queues that may have it; which one, only rendering its tags would tell."""
        if not any("{{" in tag for tag in key.tags):
            return [str(key)] if str(key) in self.left else []
        return [name for name in self.left if name.startswith(f"{key.method}|")]


def stalls(run: JobRun, now: datetime) -> Iterator[tuple[Stall, Event]]:
    """Yield what a run waits for in vain; telling it so does no harm if it comes after all."""
    if _never_begun(run, now):
        yield Stall.NEVER_BEGUN, JobSubmitted()
    for entry in run.outbox:
        timer = entry.command
        if isinstance(timer, StartTimer) and still_due(run, timer) and _is_lost(timer, now):
            event = TimerFired(timer.timer, timer.task_type, timer.attempt, timer.fire_at)
            yield Stall.LOST_TIMER, event


def lost_tasks(
    run: JobRun,
    task_of: Callable[[str], TaskDefinition],
    supply: TaskSupply,
    waits_in_line: Callable[[ActiveTask], bool],
    now: datetime,
) -> Iterator[TaskLost]:
    """Yield the attempts that nobody has: no ant reports them, and no message is left of them.

    Also what the control plane was to do itself and did not. A task that stands in the line of a
    resource has no message yet; the leases of websocket ants are looked at below.
    """
    for task in run.active.values():
        definition = task_of(task.task_type)
        method = definition.method
        if task.state not in _OUT or method is TaskMethod.WEBSOCKET:
            continue
        overdue = now - _out_since(task) > PATIENCE
        if definition.resources is not None and (not overdue or waits_in_line(task)):
            continue
        key = RoutingKey.of(method, definition.tags)
        # A message that ants left behind is no longer that of a task which the function has begun.
        with_ants = method.needs_ant and task.ant_id != FUNCTION_ANT_ID
        has_message = with_ants and supply.accounts_for(task, key)
        if overdue and not has_message and not supply.is_reported(run, task):
            yield TaskLost(task.task_type, task.attempt)


def lost_socket_leases(
    run: JobRun,
    task_of: Callable[[str], TaskDefinition],
    holder_of: Callable[[ActiveTask], SocketAnt | None],
    now: datetime,
) -> Iterator[TimerFired]:
    """Yield a look at each lease that nobody has looked at for long: its timer was lost.

    A look is made once: it sets no second chain of timers going. Tasks that no ant has need none.
    """
    for task in run.active.values():
        websocket = task_of(task.task_type).method is TaskMethod.WEBSOCKET
        if not websocket or task.state not in _OUT or now - _out_since(task) <= PATIENCE:
            continue
        ant = holder_of(task)
        if ant is not None and now - _looked_at_by(ant, task, now) > PATIENCE:
            yield TimerFired(TimerKind.SOCKET_LEASE, task.task_type, task.attempt, once=True)


def _looked_at_by(ant: SocketAnt, task: ActiveTask, now: datetime) -> datetime:
    """Return by when a look at a lease would have changed something; `now` when it would not.

    It takes a task back from an ant that has gone, pushes one that never arrived, and notices a
    connection that is closed.
    """
    if ant.disconnected_at is not None:
        return ant.disconnected_at
    if task.state is ActivityState.DISPATCHED and ant.taken_at is not None:
        return ant.taken_at
    return min(ant.connected_at + _CONNECTION, now)


def _out_since(task: ActiveTask) -> datetime:
    """Return when an attempt was handed out last; one that began was handed out before that."""
    handed_out = task.dispatched_at or task.activated_at
    return max(handed_out, task.started_at) if task.started_at else handed_out


def is_quiet(run: JobRun, now: datetime) -> bool:
    """Whether a run has not changed for longer than any event takes."""
    return now - (run.updated_at or run.created_at) > PATIENCE


def should_be_told(run: JobRun, now: datetime) -> bool:
    """Whether a run has ended so that the event bus should know by now, and lately enough."""
    if not run.state.terminal or run.ended_at is None:
        return False
    return PATIENCE < now - run.ended_at <= _LOOKS_BACK


def waits_for_slots(run: JobRun) -> bool:
    """Whether a run has asked for slots that it does not have."""
    return any(
        isinstance(entry.command, AcquireSlots) and still_due(run, entry.command)
        for entry in run.outbox
    )


@dataclass(frozen=True, slots=True)
class AwaitedChild:
    """A child that a run waits for: that of the fork task at `index`, or of one of its items.

    `counted`: its end is counted already, so that nobody needs to tell of it.
    """

    index: int
    item: int = -1
    counted: bool = False


def awaited_children(
    run: JobRun, tallies: Callable[[str], Mapping[str, Tally]]
) -> Iterator[AwaitedChild]:
    """Yield the children whose end a run waits for, if it waits for any.

    Of many children, `tallies` of a prefix tell whose ends are counted; these are yielded, too, so
    that the number of a child stays the same while they are counted.
    """
    if all(task.state is not ActivityState.AWAITING for task in run.active.values()):
        return
    for index, mark in enumerate(run.children):
        if mark == ChildMark.RUNNING and index in run.fans:
            fork, total = run.forks[index], run.fans[index].total
            untold = set(untold_items(index, fork, total, tallies(tally_prefix(index, fork))))
            for item in range(total):
                yield AwaitedChild(index, item, counted=item not in untold)
        elif mark == ChildMark.RUNNING:
            yield AwaitedChild(index)


def is_cancelled_by(parent: JobRun, child: JobRun) -> bool:
    """Whether a parent wanted its child cancelled, and nobody has restarted the child since."""
    by_itself = child.retried <= child.job_retries + child.job_restarts
    return by_itself and any(_cancels(parent, entry.command, child) for entry in parent.outbox)


def _cancels(parent: JobRun, command: Command, child: JobRun) -> bool:
    if not isinstance(command, CancelItems):
        return command == CancelChild(child.request_id)
    item = child.parent.item if child.parent else -1
    within = command.begin <= item < command.end
    itself = parent.item_request_id(command.index, command.fork, item) == child.request_id
    return within and itself


def is_lost(schedule: Schedule, pending: JobRun | None, now: datetime) -> bool:
    """Whether a schedule has no occurrence that waits: not made, or gone and nothing followed."""
    if schedule.pending_at is None:
        return False
    if pending is not None and not has_left(pending):
        return False
    return _long_ago(left_at(pending) if pending else schedule.changed_at, now)


def is_stray(run: JobRun, schedule: Schedule | None, now: datetime) -> bool:
    """Whether an occurrence waits though its schedule was ended, or waits for another one."""
    if run.occurrence is None or has_left(run) or not is_quiet(run, now):
        return False
    if schedule is None:
        return True
    return schedule.pending_id != run.request_id and _long_ago(schedule.changed_at, now)


def _long_ago(moment: datetime | None, now: datetime) -> bool:
    return moment is None or now - moment > PATIENCE


def gate_fault(member: GateMember, gate: str, run: JobRun | None, now: datetime) -> Stall | None:
    """Tell what is wrong with somebody at a gate: slots held for nobody, waiting for nothing.

    `run` is the one it stands for, None when there is none any more.
    """
    who = member.applicant
    lease = member.amount > 0 and is_resource_gate(gate)
    if lease and who.expires_at and now - who.expires_at > PATIENCE:
        return Stall.ENDED_LEASE
    if run is not None and (not is_quiet(run, now) or _is_rightful(member, run)):
        return None
    return Stall.KEPT_SLOT if member.amount else Stall.DEAD_WAITER


def _is_rightful(member: GateMember, run: JobRun) -> bool:
    who = member.applicant
    if who.task_type:
        if member.amount:
            return who.task_type in run.active
        return waits_for_lease(run, who.task_type, who.stint)
    waits = run.phase is Phase.WAITING or run.hold is Hold.SLOT
    return who.stint == run.stint and (waits or (member.amount > 0 and run.holds_slots))


def _never_begun(run: JobRun, now: datetime) -> bool:
    """Whether a run should have begun; one that has asked for slots is looked after elsewhere."""
    waits_since = max(run.scheduled_at, run.updated_at or run.created_at)
    return (
        run.phase is Phase.WAITING
        and not run.hold
        and not waits_for_slots(run)
        and now - waits_since > PATIENCE
    )


def _is_lost(timer: StartTimer, now: datetime) -> bool:
    """Whether it would have fired; the lease of a websocket ant prolongs itself, off the record.

    That and the start of a run are looked after above.
    """
    looked_after = timer.timer in (TimerKind.SOCKET_LEASE, TimerKind.START)
    return not looked_after and now - timer.fire_at > PATIENCE
