"""Walking the graph of one run: which tasks become active, and how the run ends."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from formicary.domain.commands import (
    AcquireSlots,
    CancelChild,
    CancelTask,
    DispatchTask,
    ForkJob,
    NotifyParent,
    ReleaseSlots,
)
from formicary.domain.events import TaskFinished, TimerKind
from formicary.domain.job_graph import TaskNode
from formicary.domain.job_run import ActiveTask, ActivityState, Phase
from formicary.domain.routing import Resolution, Verdict, is_special, misled, resolve
from formicary.domain.run_draft import RunDraft
from formicary.domain.states import (
    ChildMark,
    ErrorCode,
    RequestState,
    TaskMark,
    TaskMethod,
)

CANCEL_GRACE_SECONDS = 60.0
MIN_POLL_SECONDS = 1.0
MAX_RESTARTS = 100
MAX_LOSSES = 10
SKIPPED_EXIT_CODE = "SKIPPED"
_ON_ANT = frozenset({ActivityState.DISPATCHED, ActivityState.EXECUTING})


class Walk(RunDraft):
    """The rules of the walk, on the working copy of one decision."""

    def enter(self, frontier: Iterable[str], waited: bool = False) -> None:
        """Begin at these tasks (none: at the start), once the run has the slots of its gates."""
        tasks = tuple(frontier)
        if self.run.needs_slots:
            self.change(frontier=tasks)
            self.commands.append(AcquireSlots(self.run.stint, waited))
        else:
            self.change(frontier=())
            self.begin(tasks or self.graph.start_tasks)

    def leave(self) -> None:
        """Give the slots back, or stop waiting for them."""
        if any(claim.amount for claim in self.run.gates):
            self.commands.append(ReleaseSlots(self.run.stint))
            self.change(holds_slots=False, stint=self.run.stint + 1)

    def begin(self, tasks: Iterable[str]) -> None:
        """Start walking at these tasks."""
        self.change(
            state=RequestState.EXECUTING,
            phase=Phase.WALKING,
            started_at=self.run.started_at or self.now,
        )
        limit = self.graph.policy.timeout_seconds
        if limit is not None:
            self.start_timer(TimerKind.JOB_TIMEOUT, limit)
        for task_type in tasks:
            self.activate(task_type)
        self.advance()

    def activate(self, task_type: str) -> None:
        """Begin a task, unless it has been begun in this execution already."""
        index = self.graph.index(task_type)
        if self.run.marks[index] != TaskMark.NOT_RUN:
            return
        self.set_mark(index, TaskMark.ACTIVE)
        node = self.graph.node(task_type)
        if node.method is TaskMethod.FORK_JOB:
            self.count_fork(index)
        self.dispatch(ActiveTask(task_type, 1, ActivityState.DISPATCHED, self.now), node)

    def dispatch(self, task: ActiveTask, node: TaskNode) -> None:
        """Hand an attempt to whoever carries out its method."""
        if task.attempt > 1:
            task = task.evolve(
                message_attempt=task.attempt, ant_id="", ant_host="", started_at=None
            )
        if node.method is TaskMethod.AWAIT_FORKED_JOB:
            self._await(task, node)
            return
        if task.state is not ActivityState.DISPATCHED:
            task = task.evolve(state=ActivityState.DISPATCHED)
        self.active[task.task_type] = task
        if node.method is TaskMethod.FORK_JOB:
            child = self.run.child_request_id(node.index)
            self.commands.append(ForkJob(task.task_type, task.attempt, child))
        else:
            self.commands.append(DispatchTask(task.task_type, task.attempt))

    def _await(self, task: ActiveTask, node: TaskNode) -> None:
        task = task.evolve(state=ActivityState.AWAITING, started_at=self.now)
        self.active[task.task_type] = task
        if node.skipped:
            self.take(task, node, replace(_outcome(task), exit_code=SKIPPED_EXIT_CODE))
            return
        if node.timeout_seconds is not None:
            self.start_timer(TimerKind.TASK_TIMEOUT, node.timeout_seconds, task)
        self.settle_await(task, node)

    def settle_await(self, task: ActiveTask, node: TaskNode) -> None:
        """Finish a waiting task when the last of the children it waits for has ended."""
        unknown = [name for name in node.await_forked_tasks if not self.graph.has(name)]
        if unknown:
            self.fail(task, node, misled(node, unknown))
            return
        marks = {name: self._child_of(name) for name in node.await_forked_tasks}
        if ChildMark.RUNNING in marks.values():
            return
        failed = [n for n, m in marks.items() if m in (ChildMark.FAILED, ChildMark.CANCELLED)]
        message = f"the child forked by {', '.join(failed)} did not complete" if failed else ""
        self.take(task, node, _outcome(task, ErrorCode.CHILD_FAILED if failed else "", message))

    def _child_of(self, fork_task: str) -> ChildMark:
        index = self.graph.index(fork_task)
        mark = self.run.child(index)
        still_forking = mark is ChildMark.NONE and self.run.mark(index) is TaskMark.ACTIVE
        return ChildMark.RUNNING if still_forking else mark

    def take(self, task: ActiveTask, node: TaskNode, event: TaskFinished) -> None:
        """Go on as the routes of a task say for the outcome of its attempt."""
        resolution = resolve(node, event)
        unknown = [name for name in resolution.routes if not self.graph.has(name)]
        if unknown:
            resolution = misled(node, unknown)
        if resolution.verdict is Verdict.COMPLETED:
            skipped = event.exit_code == SKIPPED_EXIT_CODE
            self.complete(task, resolution.routes, event.exit_code, skipped)
        elif resolution.verdict is Verdict.POLL:
            self.poll(task, node, event.exit_code)
        elif resolution.verdict is Verdict.RESTART:
            self.restart(task, node)
        else:
            self.fail(task, node, replace(resolution, exit_code=event.exit_code))

    def complete(
        self, task: ActiveTask, routes: Iterable[str], exit_code: str, skipped: bool = False
    ) -> None:
        """Mark a task as completed and go where its routes lead."""
        self.end_task(task, TaskMark.SKIPPED if skipped else TaskMark.COMPLETED, exit_code)
        if self.run.phase is Phase.WALKING:
            self.change(exit_code=exit_code)
        self._follow(routes)

    def fail(self, task: ActiveTask, node: TaskNode, resolution: Resolution) -> None:
        """Take a failed attempt: again while `retry` lasts, else the failure routes or the end."""
        if resolution.retryable and task.failures < node.retry:
            self.again(task.evolve(failures=task.failures + 1), node, node.delay_seconds)
            return
        allowed = node.allow_failure
        self.end_task(
            task,
            TaskMark.ALLOWED if allowed else TaskMark.FAILED,
            resolution.exit_code,
            resolution.error_code,
            resolution.error_message,
        )
        if not allowed:
            self.remember_failure(task.task_type, resolution)
        onward = tuple(
            name for name in node.on_completed if not is_special(name) and self.graph.has(name)
        )
        routes = resolution.routes or (onward if allowed else ())
        if routes or allowed or self.run.phase is Phase.FINALIZING:
            self._follow(routes)
        else:
            self.stop(RequestState.FAILED)

    def again(self, task: ActiveTask, node: TaskNode, delay_seconds: float) -> None:
        """Run a task once more as its next attempt, at once or after a delay."""
        task = task.evolve(attempt=task.attempt + 1, state=ActivityState.RETRYING)
        if delay_seconds <= 0:
            self.dispatch(task, node)
            return
        self.active[task.task_type] = task
        self.start_timer(TimerKind.RETRY, delay_seconds, task)

    def poll(self, task: ActiveTask, node: TaskNode, exit_code: str) -> None:
        """Ask again later (`EXECUTING`), bounded by the task's timeout and not by `retry`."""
        delay = max(node.delay_seconds, MIN_POLL_SECONDS)
        limit = node.timeout_seconds
        next_poll = self.now + timedelta(seconds=delay)
        if limit is not None and next_poll > task.activated_at + timedelta(seconds=limit):
            message = f"still answers {exit_code} after its timeout of {limit:g} s"
            self.fail(task, node, _failure(ErrorCode.TASK_TIMED_OUT, message, retryable=False))
        else:
            self.again(task, node, delay)

    def restart(self, task: ActiveTask, node: TaskNode) -> None:
        """Run a task again at once (`RESTART_TASK`), bounded by MAX_RESTARTS."""
        if task.restarts >= MAX_RESTARTS:
            message = f"restarted itself {MAX_RESTARTS} times"
            self.fail(task, node, _failure(ErrorCode.RESTART_LIMIT, message, retryable=False))
        else:
            self.again(task.evolve(restarts=task.restarts + 1), node, 0)

    def lose(self, task: ActiveTask, node: TaskNode, ant_id: str) -> None:
        """Give the task of a lost ant to another one as a new attempt that costs no retry."""
        if task.losses >= MAX_LOSSES:
            message = f"{MAX_LOSSES} ants were lost while they ran it"
            self.fail(task, node, _failure(ErrorCode.ANT_LOST, message, retryable=False))
            return
        self.active[task.task_type] = task.evolve(
            attempt=task.attempt + 1,
            losses=task.losses + 1,
            state=ActivityState.EXECUTING,
            ant_id=ant_id,
            started_at=self.now,
        )

    def drop(self, task: ActiveTask) -> None:
        """End a cancelled task."""
        self.end_task(task, TaskMark.CANCELLED)

    def stop(self, outcome: RequestState, children: bool = False) -> None:
        """Leave the walk: cancel what is active, then run the finalizers."""
        self.change(phase=Phase.FINALIZING, outcome=outcome)
        finalizers = bool(self._next_finalizer())
        for task in list(self.active.values()):
            self._cancel(task, wait=finalizers)
        if children:
            self._cancel_children()
        self.advance()

    def advance(self) -> None:
        """Go on where nothing is active: to the finalizers, and then to the end."""
        if self.active or self.run.phase not in (Phase.WALKING, Phase.FINALIZING):
            return
        if self.run.phase is Phase.WALKING:
            outcome = RequestState.FAILED if self.run.failure else RequestState.COMPLETED
            self.change(phase=Phase.FINALIZING, outcome=outcome)
        finalizer = self._next_finalizer()
        while finalizer and not self.active:
            self.activate(finalizer)
            finalizer = self._next_finalizer()
        if not self.active:
            self._finish()

    def finish_unstarted(self, outcome: RequestState) -> None:
        """End a run that has not begun."""
        self.change(outcome=outcome)
        self._finish()

    def _finish(self) -> None:
        outcome = self.run.outcome or RequestState.FAILED
        failure = self.run.failure if outcome is not RequestState.COMPLETED else None
        self.change(state=outcome, phase=Phase.ENDED, ended_at=self.now)
        if failure:
            self.change(
                exit_code=failure.exit_code,
                error_code=failure.error_code,
                error_message=failure.error_message,
            )
        self.leave()
        if self.run.parent:
            self.commands.append(NotifyParent())

    def _next_finalizer(self) -> str:
        completed = self.run.outcome is RequestState.COMPLETED
        graph = self.graph
        names = graph.unrouted_always_run_tasks if completed else graph.always_run_tasks
        for name in names:
            if self.run.marks[graph.index(name)] == TaskMark.NOT_RUN:
                return name
        return ""

    def _cancel(self, task: ActiveTask, wait: bool) -> None:
        node = self.graph.node(task.task_type)
        if task.state not in _ON_ANT or node.method is TaskMethod.FORK_JOB:
            self.drop(task)
            return
        self.commands.append(CancelTask(task.task_type, task.attempt))
        if not wait:
            self.drop(task)
            return
        self.active[task.task_type] = task.evolve(state=ActivityState.CANCELLING)
        self.start_timer(TimerKind.CANCEL_GRACE, CANCEL_GRACE_SECONDS, task)

    def _cancel_children(self) -> None:
        for index, mark in enumerate(self.run.children):
            if mark == ChildMark.RUNNING:
                self.commands.append(CancelChild(self.run.child_request_id(index)))

    def _follow(self, routes: Iterable[str]) -> None:
        if self.run.phase is Phase.WALKING:
            for task_type in routes:
                self.activate(task_type)


def _outcome(task: ActiveTask, error_code: str = "", error_message: str = "") -> TaskFinished:
    """Return the outcome of an attempt that the control plane itself carried out."""
    return TaskFinished(
        task.task_type,
        task.attempt,
        RequestState.FAILED if error_code else RequestState.COMPLETED,
        error_code=error_code,
        error_message=error_message,
    )


def _failure(code: ErrorCode, message: str, retryable: bool = True) -> Resolution:
    return Resolution(Verdict.FAILED, (), retryable, code, message)
