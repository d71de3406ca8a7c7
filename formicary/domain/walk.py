"""What the outcome of an attempt does to a run, on the working copy of one decision."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from formicary.domain.backoff import retry_delay
from formicary.domain.commands import CancelTask
from formicary.domain.endings import Endings
from formicary.domain.events import TaskFinished, TaskRedelivered, TimerKind
from formicary.domain.fan_words import what_failed
from formicary.domain.job_graph import TaskNode
from formicary.domain.job_run import ActiveTask, ActivityState, Hold, Phase
from formicary.domain.routing import Resolution, Verdict, is_special, misled, resolve
from formicary.domain.states import SKIPPED_EXIT_CODE, ChildMark, ErrorCode, RequestState, TaskMark

MIN_POLL_SECONDS = 1.0
MAX_RESTARTS = 100
MAX_LOSSES = 10
_AFTER_THE_WALK = "the job is ending: nothing can restart or pause it any more"


class Walk(Endings):
    """The rules of the walk."""

    def advance(self) -> None:
        """Go on as far as can be without another event: the first step that applies, again."""
        while self.run.phase in _MOVING:
            if any(step(self) for step in STEPS):
                continue
            if self.is_waiting or not any(step(self) for step in STEPS_WHEN_IDLE):
                break
        if self.run.hold or self.resumed:
            self._show_whether_paused()

    def _show_whether_paused(self) -> None:
        if self.run.phase is Phase.WALKING:
            paused = self.run.hold and not any(map(self.is_on_ant, self.active.values()))
            if paused and self.run.state is not RequestState.PAUSED:
                self.return_leases()
            self.change(state=RequestState.PAUSED if paused else RequestState.EXECUTING)
            if paused and self.run.holds_slots:
                self.leave()

    def settle_awaits(self) -> bool:
        """End a task that awaits children of which none is left to wait for."""
        if not self.unsettled:
            return False
        task = self.active.get(self.unsettled.pop(0))
        if task is not None and task.state is ActivityState.AWAITING:
            self._begin_await(task, self.graph.node(task.task_type))
        return True

    def _begin_await(self, task: ActiveTask, node: TaskNode) -> None:
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
        code = ErrorCode.CHILD_FAILED if failed else ""
        self.take(task, node, _outcome(task, code, what_failed(self.run, self.graph, failed)))

    def end_child(self, fork_task: str, mark: ChildMark) -> None:
        """Note how a fork task's child, or all of them, ended; what awaits them may end."""
        self.set_child(self.graph.index(fork_task), mark)
        for task in list(self.active.values()):
            if task.state is ActivityState.AWAITING:
                node = self.graph.node(task.task_type)
                if fork_task in node.await_forked_tasks:
                    self.settle_await(task, node)

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
        verdict = resolution.verdict
        if verdict is Verdict.COMPLETED:
            skipped = event.exit_code == SKIPPED_EXIT_CODE
            self._complete(task, node, resolution, event.exit_code, skipped=skipped)
        elif verdict is Verdict.POLL:
            self._poll(task, node, event.exit_code)
        elif verdict is Verdict.RESTART:
            self._restart(task, node)
        elif verdict is Verdict.FAILED:
            self.fail(task, node, replace(resolution, exit_code=event.exit_code))
        else:
            self._restart_or_pause_job(verdict, task, node, event.exit_code)

    def _complete(
        self,
        task: ActiveTask,
        node: TaskNode,
        resolution: Resolution,
        exit_code: str,
        *,
        skipped: bool,
    ) -> None:
        self.end_task(task, TaskMark.SKIPPED if skipped else TaskMark.COMPLETED, exit_code)
        if self.run.phase is Phase.WALKING:
            self.change(exit_code=exit_code)
            self.call(resolution.routes)
            self.release_joins(node)

    def fail(self, task: ActiveTask, node: TaskNode, resolution: Resolution) -> None:
        """Take a failed attempt: again while `retry` lasts, else the failure routes or the end.

        A failure that leads nowhere ends its own path only; the other branches go on to their ends.
        """
        if resolution.retryable and task.failures < max(node.retry, resolution.task_retries):
            self._retry(task, node)
        elif resolution.at_last is not Verdict.FAILED and self.run.phase is Phase.WALKING:
            self._restart_or_pause_job(resolution.at_last, task, node, resolution.exit_code)
        else:
            self._end_in_failure(task, node, resolution)

    def _end_in_failure(self, task: ActiveTask, node: TaskNode, resolution: Resolution) -> None:
        allowed = node.allow_failure
        self.end_task(
            task,
            TaskMark.ALLOWED if allowed else TaskMark.FAILED,
            resolution.exit_code,
            resolution.error_code,
            resolution.error_message,
        )
        if self.run.phase is not Phase.WALKING:
            return
        if not allowed:
            self.remember_failure(task.task_type, resolution)
        if resolution.routes:
            self.call(resolution.routes)
        elif allowed:
            onward = (name for name in node.on_completed if not is_special(name))
            self.call(filter(self.graph.has, onward))
        elif resolution.fatal:
            self.stop(RequestState.FAILED)
        if allowed:
            self.release_joins(node)

    def _retry(self, task: ActiveTask, node: TaskNode) -> None:
        seed = f"{self.run.key}:{self.run.execution_id}:{task.task_type}"
        seconds = retry_delay(node.delay_seconds, node.backoff, task.failures, seed)
        self.again(task.evolve(failures=task.failures + 1), node, seconds)

    def again(self, task: ActiveTask, node: TaskNode, delay_seconds: float) -> None:
        """Run a task once more as its next attempt, at once or after a delay."""
        task = task.evolve(attempt=task.attempt + 1, state=ActivityState.RETRYING)
        if delay_seconds <= 0:
            self.dispatch(task, node)
            return
        self.active[task.task_type] = task
        self.start_timer(TimerKind.RETRY, delay_seconds, task)

    def _poll(self, task: ActiveTask, node: TaskNode, exit_code: str) -> None:
        """Ask again later (`EXECUTING`), bounded by the task's timeout and not by `retry`."""
        delay = max(node.delay_seconds, MIN_POLL_SECONDS)
        limit = node.timeout_seconds
        next_poll = self.now + timedelta(seconds=delay)
        if limit is not None and next_poll > task.activated_at + timedelta(seconds=limit):
            message = f"still answers {exit_code} after its timeout of {limit:g} s"
            self.fail(task, node, _failure(ErrorCode.TASK_TIMED_OUT, message))
        else:
            self.again(task, node, delay)

    def _restart(self, task: ActiveTask, node: TaskNode) -> None:
        """Run a task again at once (`RESTART_TASK`), bounded by MAX_RESTARTS."""
        if task.restarts >= MAX_RESTARTS:
            message = f"restarted itself {MAX_RESTARTS} times"
            self.fail(task, node, _failure(ErrorCode.RESTART_LIMIT, message))
        else:
            self.again(task.evolve(restarts=task.restarts + 1), node, 0)

    def _restart_or_pause_job(
        self, verdict: Verdict, task: ActiveTask, node: TaskNode, exit_code: str
    ) -> None:
        if self.run.phase is not Phase.WALKING:
            self.fail(task, node, _failure(ErrorCode.TASK_EXECUTE, _AFTER_THE_WALK))
        elif verdict is Verdict.PAUSE_JOB:
            self._pause_job(task)
        elif verdict is Verdict.SUSPEND_JOB:
            self._set_aside(task)
            self.hold(Hold.USER)
        else:
            self._restart_job(task, node, exit_code)

    def _restart_job(self, task: ActiveTask, node: TaskNode, exit_code: str) -> None:
        """Begin the next execution at once (`RESTART_JOB`), bounded by `max_restarts`."""
        limit = self.graph.policy.max_restarts
        if self.run.job_restarts >= limit:
            message = f"the job was restarted {limit} times (max_restarts)"
            failure = _failure(ErrorCode.RESTART_LIMIT, message)
            self._end_in_failure(task, node, replace(failure, exit_code=exit_code, fatal=True))
            return
        message = f"restarts the job after exit code {exit_code or 'none'}"
        self.end_task(task, TaskMark.FAILED, exit_code, ErrorCode.RESTART_JOB, message)
        self.cancel_active()
        self.change(job_restarts=self.run.job_restarts + 1, failure=None)
        self.rest(0)

    def _pause_job(self, task: ActiveTask) -> None:
        """Hold the run for `pause_time` (`PAUSE_JOB`); the task runs again after it."""
        self._set_aside(task)
        if self.run.hold is not Hold.USER:
            self.hold(Hold.TIMED)
            self.start_timer(
                TimerKind.PAUSE, self.graph.policy.pause_seconds, number=self.run.holds
            )

    def interrupt(self) -> None:
        """End what runs on ants; it runs again as another attempt when the run is resumed."""
        for task in list(self.active.values()):
            if self.is_on_ant(task):
                self.commands.append(CancelTask(task.task_type, task.attempt))
                self._set_aside(task)

    def _set_aside(self, task: ActiveTask) -> None:
        """Keep a task for another attempt when the pause ends."""
        self.active[task.task_type] = task.evolve(
            attempt=task.attempt + 1, state=ActivityState.HELD
        )

    def resume(self) -> None:
        """End a pause: what it held back has its turn now, and time goes on for the timeout."""
        since, deadline = self.run.held_since or self.now, self.run.deadline
        self.change(hold=Hold.NONE, held_since=None)
        self.resumed = True
        if self.run.phase is Phase.WALKING and deadline is not None:
            self.set_deadline(deadline + (self.now - since))
        for task in list(self.active.values()):
            if task.state is ActivityState.HELD:
                self.dispatch(task, self.graph.node(task.task_type))

    def lose(self, task: ActiveTask, node: TaskNode, event: TaskRedelivered | None = None) -> None:
        """Give the task of a lost ant to another one as a new attempt that costs no retry.

        Without an event of one that has it already, it is dispatched again.
        """
        if task.losses >= MAX_LOSSES:
            message = f"{MAX_LOSSES} ants were lost while they ran it"
            self.fail(task, node, _failure(ErrorCode.ANT_LOST, message))
            return
        task = task.evolve(attempt=task.attempt + 1, losses=task.losses + 1)
        if event is None:
            self.dispatch(task, node)
            return
        self.active[task.task_type] = task.evolve(
            state=ActivityState.EXECUTING,
            ant_id=event.ant_id,
            delivery=event.delivery,
            started_at=self.now,
        )


def _outcome(task: ActiveTask, error_code: str = "", error_message: str = "") -> TaskFinished:
    """Return the outcome of an attempt that the control plane itself carried out."""
    return TaskFinished(
        task.task_type,
        task.attempt,
        RequestState.FAILED if error_code else RequestState.COMPLETED,
        error_code=error_code,
        error_message=error_message,
    )


def _failure(code: ErrorCode, message: str) -> Resolution:
    return Resolution(Verdict.FAILED, (), False, code, message)


_MOVING = frozenset({Phase.WALKING, Phase.FINALIZING})
STEPS: tuple[Callable[[Walk], bool], ...] = (Walk.settle_awaits, Walk.take_places)
STEPS_WHEN_IDLE: tuple[Callable[[Walk], bool], ...] = (
    Walk.end_failed_walk,
    Walk.begin_later_task,
    Walk.end_walk,
    Walk.begin_finalizer,
    Walk.finish_run,
)
