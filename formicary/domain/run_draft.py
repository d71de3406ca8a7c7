"""The working copy of a run during one decision, and the small steps that change it.

It is filled in place while the decision is made and becomes the new frozen `JobRun` when it is
committed; nothing else of it outlives the decision.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from formicary.domain.commands import CancelItems, Command, ReturnLease, StartTimer
from formicary.domain.events import TaskFinished, TimerKind
from formicary.domain.fork_items import BATCH
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import ActiveTask, Failure, Fan, Hold, JobRun, Phase
from formicary.domain.outbox import next_outbox
from formicary.domain.routing import Resolution
from formicary.domain.states import ChildMark, ErrorCode, TaskMark
from formicary.domain.task_lease import lease_stint


@dataclass(frozen=True, slots=True)
class EndedTask:
    """A task that this decision ended, with the error that counts."""

    task: ActiveTask
    mark: TaskMark
    exit_code: str = ""
    error_code: str = ""
    error_message: str = ""


class RunDraft:
    """A run that is being changed, the commands that this calls for, and the tasks it ends.

    `unsettled` names tasks that await children and may have nothing to wait for; `resumed` tells
    that this decision ends a pause.
    """

    def __init__(self, run: JobRun, graph: JobGraph, now: datetime) -> None:
        """Begin from the run as it was loaded."""
        self.graph = graph
        self.now = now
        self.run = run.evolve()
        self.active = dict(run.active)
        self.commands: list[Command] = []
        self.ended: list[EndedTask] = []
        self.unsettled: list[str] = []
        self.resumed = False

    def committed(self, cause: str) -> JobRun:
        """Return the new state with its outbox."""
        self.change(active=self.active, updated_at=self.now)
        self.change(outbox=next_outbox(self.run, cause, self.commands))
        return self.run

    def end_task(
        self,
        task: ActiveTask,
        mark: TaskMark,
        exit_code: str = "",
        error_code: str = "",
        error_message: str = "",
    ) -> None:
        """Take a task out of work and mark how it ended."""
        self.active.pop(task.task_type, None)
        index = self.graph.index(task.task_type)
        origin = chr(ord("0") + self.run.retried)
        self.change(
            marks=_with_letter(self.run.marks, index, mark),
            origins=_with_letter(self.run.origins, index, origin),
        )
        self.ended.append(EndedTask(task, mark, exit_code, error_code, error_message))
        if self.graph.node(task.task_type).leases:
            stint = lease_stint(self.run, task.attempt)
            self.commands.append(ReturnLease(task.task_type, stint))
        if index in self.run.fans and mark not in _FORKED_ALL:
            self._give_up_items(index, self.run.fans[index])

    def _give_up_items(self, index: int, fan: Fan) -> None:
        """Cancel the children of a fork task that ends before it has forked for all its items."""
        if fan.forked < fan.total and self.run.child(index) is ChildMark.RUNNING:
            self.set_child(index, ChildMark.CANCELLED)
            self.cancel_items(index, fan)

    def cancel_items(self, index: int, fan: Fan) -> None:
        """Call for the end of all children of a fan, those that may just be made, too."""
        end = min(fan.total, fan.forked + BATCH)
        command = CancelItems(index, self.run.forks[index], 0, end)
        if command not in self.commands:
            self.commands.append(command)

    def remember_failure(self, task_type: str, resolution: Resolution) -> None:
        """Keep the first failure of the walk: it names the error of the job."""
        if self.run.phase is not Phase.WALKING:
            return
        if self.run.failure is None:
            failure = Failure(
                task_type,
                resolution.exit_code,
                resolution.error_code,
                resolution.error_message,
                resolution.fatal,
                resolution.job_retries,
            )
            self.change(failure=failure)
        else:
            first = self.run.failure
            retries = max(first.retries, resolution.job_retries)
            fatal = first.fatal or resolution.fatal
            self.change(failure=replace(first, fatal=fatal, retries=retries))

    def hold(self, kind: Hold) -> None:
        """Pause the run."""
        since = self.run.held_since or self.now
        self.change(hold=kind, held_since=since, holds=self.run.holds + 1)

    def start_timer(
        self, kind: TimerKind, seconds: float, task: ActiveTask | None = None, *, number: int = 0
    ) -> None:
        """Call for a timer of the run (its `number` tells it from others), or of a task."""
        self.commands.append(
            StartTimer(
                kind,
                self.now + timedelta(seconds=seconds),
                task.task_type if task else "",
                task.attempt if task else number,
            )
        )

    def count_fork(self, index: int) -> None:
        """Begin a new child in the place of the fork task; many that a restart left go on."""
        if index in self.run.fans and self.run.child(index) is ChildMark.NONE:
            self.set_child(index, ChildMark.RUNNING)
            return
        count = chr(ord(self.run.forks[index]) + 1)
        self.change(
            forks=_with_letter(self.run.forks, index, count),
            children=_with_letter(self.run.children, index, ChildMark.NONE),
        )
        if index in self.run.fans:
            self.change(fans={i: fan for i, fan in self.run.fans.items() if i != index})

    def set_fan(self, index: int, fan: Fan) -> None:
        """Note what is known of the children for the items of a fork task."""
        self.change(fans={**self.run.fans, index: fan})

    def set_child(self, index: int, mark: ChildMark) -> None:
        """Note how the child of a fork task stands."""
        self.change(children=_with_letter(self.run.children, index, mark))

    def merge_context(self, event: TaskFinished) -> None:
        """Add what the task set for the tasks after it."""
        if event.context:
            self.change(context={**self.run.context, **event.context})

    def note_activity(self, task: ActiveTask) -> None:
        """Replace what is known of an active task."""
        self.active[task.task_type] = task

    def fail_job(self, error_code: ErrorCode, message: str) -> None:
        """Note what ended the job itself, of no task."""
        self.change(failure=Failure("", "", error_code, message))

    def set_mark(self, index: int, mark: TaskMark) -> None:
        """Set the letter of a task."""
        self.change(marks=_with_letter(self.run.marks, index, mark))

    def change(self, **changes: object) -> None:
        """Set fields of the run."""
        # The copy belongs to this walk until it is committed: filling it costs no new copy.
        self.run.__dict__.update(changes)


_FORKED_ALL = frozenset({TaskMark.COMPLETED, TaskMark.SKIPPED})


def _with_letter(text: str, index: int, letter: str) -> str:
    return text[:index] + letter + text[index + 1 :]
