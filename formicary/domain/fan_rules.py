"""What happens to the many children of a fork task with `fork_items`.

The run knows how many there are, how many have been forked, and in the end how they ended. It is
not told of each end: those are counted beside it (`formicary.service_layer.count_children`).
"""

from formicary.domain.commands import CancelItems
from formicary.domain.events import (
    BatchDue,
    CancelDue,
    ChildrenFinished,
    ItemsForked,
    ItemsListed,
    TaskFinished,
)
from formicary.domain.job_run import ActiveTask, ActivityState, Fan
from formicary.domain.rule_table import ALWAYS, AT_WORK, RejectedError, Rule
from formicary.domain.states import ChildMark, RequestState
from formicary.domain.walk import Walk


def note_listed_items(walk: Walk, event: ItemsListed) -> None:
    """Fork for the first of the items; without any, complete the fork task."""
    task = walk.active.get(event.task_type)
    if task is None or task.attempt != event.attempt:
        raise RejectedError("the fork task has ended")
    index = walk.graph.index(event.task_type)
    if index in walk.run.fans:
        raise RejectedError("the items are known already")
    fan = Fan(event.total, event.listing, event.max_parallel)
    walk.set_fan(index, fan)
    walk.set_child(index, ChildMark.RUNNING if fan.total else ChildMark.COMPLETED)
    _go_on(walk, task, index, fan)


def note_forked_items(walk: Walk, event: ItemsForked) -> None:
    """Fork for the next items; with the last of them, complete the fork task.

    Children whose fork task was ended meanwhile are cancelled.
    """
    if not walk.graph.has(event.task_type):
        raise RejectedError("the job has no such task any more")
    index = walk.graph.index(event.task_type)
    fan = walk.run.fans.get(index)
    if fan is None or walk.run.forks[index] != event.fork or fan.forked != event.begin:
        raise RejectedError("these children are known already, or of an earlier execution")
    task = walk.active.get(event.task_type)
    if task is not None and task.attempt != event.attempt:
        raise RejectedError("another attempt forks for these items")
    fan = fan.evolve(forked=event.end)
    walk.set_fan(index, fan)
    if task is None:
        walk.commands.append(CancelItems(index, event.fork, event.begin, event.end))
    else:
        _go_on(walk, task, index, fan)


def _go_on(walk: Walk, task: ActiveTask, index: int, fan: Fan) -> None:
    if fan.forked >= fan.total:
        done = TaskFinished(task.task_type, task.attempt, RequestState.COMPLETED)
        walk.take(task, walk.graph.node(task.task_type), done)
    elif walk.run.hold:
        walk.note_activity(task.evolve(state=ActivityState.HELD))
    else:
        walk.commands.append(walk.next_batch(task, index))


def note_finished_children(walk: Walk, event: ChildrenFinished) -> None:
    """Note how the children of all items ended; a task that awaits them may end."""
    if not walk.graph.has(event.task_type):
        raise RejectedError("the job has no such task any more")
    index = walk.graph.index(event.task_type)
    fan = walk.run.fans.get(index)
    if fan is None or walk.run.forks[index] != event.fork:
        raise RejectedError("the children were forked by an earlier execution")
    if walk.run.child(index) is not ChildMark.RUNNING:
        raise RejectedError("that the children have ended is known already")
    walk.set_fan(
        index,
        fan.evolve(
            completed=event.completed,
            failed=event.failed,
            cancelled=event.cancelled,
            failures=event.failures,
        ),
    )
    walk.end_child(event.task_type, _mark_of(event))


def _mark_of(event: ChildrenFinished) -> ChildMark:
    if event.failed:
        return ChildMark.FAILED
    return ChildMark.CANCELLED if event.cancelled else ChildMark.COMPLETED


def run_errand(_walk: Walk, _event: BatchDue | CancelDue) -> None:
    """Make, or cancel, some children: done beside the run, which hears of what came of it."""


_BESIDE = "it changes nothing of the run by itself"
FAN_RULES = (
    Rule(ItemsListed, AT_WORK, note_listed_items, "no task is at work"),
    Rule(ItemsForked, ALWAYS, note_forked_items),
    Rule(ChildrenFinished, ALWAYS, note_finished_children),
    Rule(BatchDue, (), run_errand, _BESIDE),
    Rule(CancelDue, (), run_errand, _BESIDE),
)
