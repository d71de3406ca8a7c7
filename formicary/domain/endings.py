"""How a run goes on when tasks have ended: the next places, the finalizers, a retry, the end."""

from datetime import datetime, timedelta

from formicary.domain.backoff import retry_delay
from formicary.domain.commands import (
    AcquireSlots,
    CancelChild,
    CancelTask,
    NotifyParent,
    ReleaseSlots,
    ReturnLease,
    StartTimer,
)
from formicary.domain.events import TimerKind
from formicary.domain.job_run import ActiveTask, ActivityState, Failure, Hold, Phase
from formicary.domain.restart import next_later
from formicary.domain.states import ChildMark, RequestState, TaskMark, TaskMethod
from formicary.domain.task_lease import lease_stint
from formicary.domain.turns import Turns

CANCEL_GRACE_SECONDS = 60.0


class Endings(Turns):
    """The rules by which walks and runs come to their ends."""

    def enter(self, *, waited: bool = False) -> None:
        """Begin, once the run has the slots of its gates."""
        if self.run.needs_slots:
            self.ask_for_slots(waited=waited)
        else:
            self.begin()

    def ask_for_slots(self, *, waited: bool = False) -> None:
        """Try to pass the gates of the run, or stand in line."""
        self.commands.append(AcquireSlots(self.run.stint, waited))

    def leave(self) -> None:
        """Give the slots back, or stop waiting for them."""
        if any(claim.amount for claim in self.run.gates):
            self.commands.append(ReleaseSlots(self.run.stint))
            self.change(holds_slots=False, stint=self.run.stint + 1)

    def begin(self) -> None:
        """Start walking: at what a restart has queued, else at the starts of the graph."""
        limit = self.graph.policy.timeout_seconds
        self.change(
            state=RequestState.EXECUTING,
            phase=Phase.WALKING,
            started_at=self.run.started_at or self.now,
        )
        if limit is not None:
            self.set_deadline(self.now + timedelta(seconds=limit))
        if TaskMark.QUEUED not in self.run.marks:
            self.call(self.graph.start_tasks)

    def set_deadline(self, deadline: datetime) -> None:
        """Let the execution take until then and no longer."""
        self.commands.append(StartTimer(TimerKind.JOB_TIMEOUT, deadline))
        self.change(deadline=deadline)

    def stop(self, outcome: RequestState, *, children: bool = False) -> None:
        """Leave the walk at once: cancel what is active, then end as `outcome` says."""
        retries = outcome is RequestState.FAILED and self.may_retry()
        self.change(outcome=outcome)
        waits = not retries and bool(self._next_finalizer())
        for task in list(self.active.values()):
            self._cancel(task, wait=waits)
        if children:
            self.cancel_children()
        if retries:
            self.rest_before_retry()
        else:
            self._leave_walk()

    @property
    def is_waiting(self) -> bool:
        """Whether something is at work, or kept in the queue by a pause."""
        walking = self.run.phase is Phase.WALKING
        return bool(self.active) or (walking and TaskMark.QUEUED in self.run.marks)

    def end_failed_walk(self) -> bool:
        """End the walk of a failed job: with its next execution if `retry` is left, or FAILED."""
        if self.run.phase is not Phase.WALKING or self.run.failure is None:
            return False
        self.stop(RequestState.FAILED)
        return True

    def begin_later_task(self) -> bool:
        """Begin the next of the tasks that a restart has kept until others have run."""
        if self.run.phase is not Phase.WALKING or TaskMark.LATER not in self.run.marks:
            return False
        self.call([next_later(self.run, self.graph)])
        return True

    def end_walk(self) -> bool:
        """End the walk: the job will be COMPLETED."""
        if self.run.phase is not Phase.WALKING:
            return False
        self.change(outcome=RequestState.COMPLETED)
        self._leave_walk()
        return True

    def _leave_walk(self) -> None:
        """Go on to the finalizers, which no pause holds back."""
        self.change(phase=Phase.FINALIZING, state=RequestState.EXECUTING, hold=Hold.NONE)

    def begin_finalizer(self) -> bool:
        """Begin the next `always_run` task that has not run.

        After success only those that no route leads to; after failure and cancel all of them.
        """
        finalizer = self._next_finalizer()
        if finalizer:
            self.begin_task(self.graph.node(finalizer))
        return bool(finalizer)

    def finish_run(self) -> bool:
        """Put the run into its final state, give its slots back, and tell its parent."""
        self.finish()
        return True

    def may_retry(self) -> bool:
        """Whether `retry` of the job, or the table of error codes, runs a failed job again."""
        failure, limit = self.run.failure, self.graph.policy.retry
        if failure is not None:
            limit = 0 if failure.fatal else max(limit, failure.retries)
        return self.run.job_retries < limit

    def rest_before_retry(self) -> None:
        """Wait for the next execution (`retry` of the job), after its delay."""
        policy, tries = self.graph.policy, self.run.job_retries
        seed = f"{self.run.key}:{self.run.request_id}"
        seconds = retry_delay(policy.delay_seconds, policy.backoff, tries, seed)
        self.change(job_retries=tries + 1)
        self.rest(seconds)

    def rest(self, seconds: float) -> None:
        """Leave the execution; the next one begins when its timer fires."""
        due = self.now + timedelta(seconds=seconds)
        self.commands.append(StartTimer(TimerKind.JOB_RETRY, due, attempt=self.run.retried + 1))
        # A pause that a task asked for ends with the execution; one of a person holds on.
        held = self.run.hold is Hold.USER
        self.change(
            state=RequestState.PAUSED if held else RequestState.PENDING,
            phase=Phase.RETRYING,
            hold=Hold.USER if held else Hold.NONE,
            outcome=None,
            scheduled_at=due,
        )
        if self.run.failure is not None:
            self._show(self.run.failure)
        self.leave()

    def finish_unstarted(self, outcome: RequestState, exit_code: str = "") -> None:
        """End a run that has not begun."""
        self.change(outcome=outcome, exit_code=exit_code)
        self.finish()

    def finish(self) -> None:
        """Put the run into its final state."""
        outcome = self.run.outcome or RequestState.FAILED
        self.change(state=outcome, phase=Phase.ENDED, ended_at=self.now, hold=Hold.NONE)
        if self.run.failure is not None and outcome is not RequestState.COMPLETED:
            self._show(self.run.failure)
        self.leave()
        if self.run.parent:
            self.commands.append(NotifyParent())

    def _show(self, failure: Failure) -> None:
        self.change(
            exit_code=failure.exit_code,
            error_code=failure.error_code,
            error_message=failure.error_message,
        )

    def drop(self, task: ActiveTask) -> None:
        """End a cancelled task."""
        self.end_task(task, TaskMark.CANCELLED)

    def cancel_active(self) -> None:
        """Take everything out of work at once."""
        for task in list(self.active.values()):
            self._cancel(task, wait=False)

    def _cancel(self, task: ActiveTask, *, wait: bool) -> None:
        if not self.is_on_ant(task):
            self.drop(task)
            return
        self.commands.append(CancelTask(task.task_type, task.attempt))
        if not wait:
            self.drop(task)
            return
        self.active[task.task_type] = task.evolve(state=ActivityState.CANCELLING)
        self.start_timer(TimerKind.CANCEL_GRACE, CANCEL_GRACE_SECONDS, task)

    def cancel_untold_children(self) -> None:
        """Cancel the children of forks that were cancelled before they told of one, if any."""
        for index, mark in enumerate(self.run.marks):
            fan = self.run.fans.get(index)
            if fan is not None and fan.forked < fan.total:
                self.cancel_items(index, fan)
            untold = mark == TaskMark.CANCELLED and self.run.children[index] == ChildMark.NONE
            node = self.graph.node(self.graph.name(index)) if untold else None
            if node is not None and node.method is TaskMethod.FORK_JOB:
                self.commands.append(CancelChild(self.run.child_request_id(index)))

    def return_leases(self) -> None:
        """Give back what tasks have leased whose next attempts begin after a pause.

        A run that kept a lease, and waited for slots, would wait for ever for one that has these
        and waits for the lease.
        """
        for task in self.active.values():
            if self.graph.node(task.task_type).leases:
                stint = lease_stint(self.run, task.attempt - 1)
                self.commands.append(ReturnLease(task.task_type, stint))

    def return_leases_again(self) -> None:
        """Give back what tasks of the execution leased, should nobody have come to it."""
        self.commands.extend(
            entry.command for entry in self.run.outbox if isinstance(entry.command, ReturnLease)
        )

    def cancel_children(self) -> None:
        """Cancel the children that have not ended."""
        for index, mark in enumerate(self.run.children):
            if mark == ChildMark.RUNNING and index in self.run.fans:
                self.cancel_items(index, self.run.fans[index])
            elif mark == ChildMark.RUNNING:
                self.commands.append(CancelChild(self.run.child_request_id(index)))
        self.cancel_untold_children()

    def _next_finalizer(self) -> str:
        completed = self.run.outcome is RequestState.COMPLETED
        graph = self.graph
        names = graph.unrouted_always_run_tasks if completed else graph.always_run_tasks
        for name in names:
            if self.run.marks[graph.index(name)] in _NOT_BEGUN:
                return name
        return ""


_NOT_BEGUN = frozenset({TaskMark.NOT_RUN, TaskMark.QUEUED, TaskMark.JOINING, TaskMark.LATER})
