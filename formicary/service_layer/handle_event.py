"""The engine: load the run, check the proof, then let the event be decided, committed, performed.

Invariant: an event is given back to the queue until all of its commands have been performed.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from formicary.domain.ant import ClaimAnswer, ClaimRequest
from formicary.domain.commands import DispatchTask
from formicary.domain.decide import Decision
from formicary.domain.events import (
    Asked,
    BatchDue,
    CancelDue,
    CancelRequested,
    ChildFinished,
    Event,
    PauseRequested,
    SlotFreed,
    TaskFinished,
    TimerFired,
    TimerKind,
    begins_execution,
    event_key,
    presumption,
)
from formicary.domain.history import forged
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage, unpack_event
from formicary.domain.outbox import caused_by
from formicary.domain.proofs import proof_matches, proof_of
from formicary.domain.task_lease import waits_for_lease
from formicary.domain.task_request import task_key
from formicary.domain.task_response import TaskResponse
from formicary.domain.wishes import of_same_start
from formicary.service_layer.engine_parts import EngineParts
from formicary.service_layer.fork_items import untold_batch, waits_for_batch
from formicary.service_layer.record_history import Happening
from formicary.service_layer.socket_tasks import LEASE_CHECK, Standing

_TIMER_SLACK = timedelta(milliseconds=500)


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    STALE = "stale"
    FORGED = "forged"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    EARLY = "early"


@dataclass
class Engine(EngineParts):
    """Moves runs. Safe to be called for the same event, and the same run, by several at once."""

    def handle(self, message: EventMessage) -> Outcome:
        """Apply one message of the events queue.

        ValueError for a message that can never be understood; a `FormicaryError` that is
        `retryable` asks to have it delivered again.
        """
        event = unpack_event(message)
        run = self.runs.find(message.tenant, message.request_id)
        if run is None:
            return Outcome.UNKNOWN
        if not proof_matches(proof_of(run.key, message.execution_id, event), message.proof):
            self._note_refused(run, message)
            return Outcome.FORGED
        if isinstance(event, TaskFinished) and presumption(event):
            self._note_refused(run, message, presumption(event))
            return Outcome.REFUSED
        return self._take(run, event, message)

    def _take(self, run: JobRun, event: Event, message: EventMessage) -> Outcome:
        """Apply an event that is believed."""
        aside = self._take_aside(run, event, message.execution_id)
        if aside is not None:
            return aside
        if not _concerns(run, event, message.execution_id):
            return self._take_from_earlier_execution(run, event, message)
        if isinstance(event, TimerFired) and (
            self._is_early(run, event) or self._ants_have(run, event)
        ):
            return Outcome.EARLY
        return self._apply_with_followers(run, event, message.response)

    def _take_aside(self, run: JobRun, event: Event, execution_id: str) -> Outcome | None:
        """Do what is not decided on the run, or not by this event; None for all other events."""
        match event:
            case SlotFreed() if event.task_type:
                return self._dispatch_again(run, event, execution_id)
            case TimerFired(timer=TimerKind.LEASE):
                return self._end_lease(run, event)
            case BatchDue():
                return self._fork_batch(run, event, execution_id)
            case CancelDue():
                self.forker.cancel_batch(run, event)
                return Outcome.APPLIED
            case ChildFinished() if event.item >= 0:
                return self._count_child(run, event)
        return None

    def _fork_batch(self, run: JobRun, event: BatchDue, execution_id: str) -> Outcome:
        """Make the next children of a fork task; or finish what an engine that died began."""
        if execution_id != run.execution_id:
            return Outcome.STALE
        cause = event_key(event)
        here = self.situations.of(run, self.clock.now())
        if not waits_for_batch(run, here.graph, event):
            again = (*caused_by(run, cause), *untold_batch(run, here.graph, event))
            self.committer.finish(run, again, cause)
            return Outcome.STALE
        follower = self.forker.fork_batch(run, here.parsed, here.graph, event)
        return self._apply_with_followers(run, follower, None, cause)

    def _count_child(self, run: JobRun, event: ChildFinished) -> Outcome:
        """Count the end of one of many children; the run is told when all have ended."""
        graph = self.situations.of(run, self.clock.now()).graph
        counted = self.child_counter.count(run, graph, event)
        if isinstance(counted, bool):
            return Outcome.APPLIED if counted else Outcome.STALE
        # Of this end alone: what it leads to is not done again for each end that comes twice.
        return self._apply_with_followers(run, counted, None, event_key(event))

    def _note_refused(self, run: JobRun, message: EventMessage, reason: str = "") -> None:
        """Keep that an event was forged, or why else it is refused."""
        task_type, attempt = message.event.get("task_type", ""), message.event.get("attempt", "")
        by = message.response.ant_id if message.response else ""
        note = forged(self.clock.now(), message.kind, str(task_type), attempt, by)
        if reason:
            note = replace(note, verdict="refused", reason=reason)
        self.recorder.note(run, note)

    def claim(self, tenant: str, ant_id: str, request: ClaimRequest) -> ClaimAnswer:
        """Let an ant run a message that was delivered before, as a new attempt, or refuse."""
        return self.claims.claim(tenant, ant_id, request)

    def _take_from_earlier_execution(
        self, run: JobRun, event: Event, message: EventMessage
    ) -> Outcome:
        """Keep a late outcome or wish; what begins an execution finishes it when told again."""
        self.admission.refused(run, event)
        if begins_execution(event):
            self.committer.finish(run, caused_by(run, event_key(event)), event_key(event))
        if isinstance(event, TaskFinished | Asked):
            then = self._earlier(run, message.execution_id)
            late = Decision(then, rejected="the execution has ended")
            now = self.clock.now()
            graph = self.situations.of(then, now).graph
            self.recorder.record(
                Happening(then, graph, event, late, message.response, now, event_key(event))
            )
        return Outcome.STALE

    def _earlier(self, run: JobRun, execution_id: str) -> JobRun:
        """Return a run as one of an earlier execution, which may have been of another version."""
        kept = self.runs.archived(run.tenant, run.request_id)
        versions = {one.execution_id: one.job_version for one in kept}
        version = versions.get(execution_id, run.job_version)
        return run.evolve(execution_id=execution_id, job_version=version)

    def _dispatch_again(self, run: JobRun, event: SlotFreed, execution_id: str) -> Outcome:
        """Hand out a task that may have its lease now; who waits no more gives it back."""
        if execution_id != run.execution_id or not waits_for_lease(
            run, event.task_type, event.stint
        ):
            self.leases.refused(run, event)
            return Outcome.STALE
        task = run.active[event.task_type]
        self.committer.finish(run, [DispatchTask(task.task_type, task.attempt)], event_key(event))
        return Outcome.APPLIED

    def _end_lease(self, run: JobRun, event: TimerFired) -> Outcome:
        """Take leases back that have lasted too long; the run itself goes on."""
        if self._comes_early(event):
            self.performer.start_timer(run, event)
            return Outcome.EARLY
        if event.task_type:
            self.leases.expire(run, event.task_type, event.attempt)
        else:
            self.admission.expire(run, event.attempt)
        return Outcome.APPLIED

    def _comes_early(self, event: TimerFired) -> bool:
        return event.fire_at is not None and event.fire_at > self.clock.now() + _TIMER_SLACK

    def _is_early(self, run: JobRun, event: TimerFired) -> bool:
        """Send a timer on its way again that comes early, or whose lease still holds."""
        if self._comes_early(event):
            self.performer.start_timer(run, event)
            return True
        if event.timer is not TimerKind.SOCKET_LEASE or self.sockets is None:
            return False
        key = task_key(run.execution_id, event.task_type, event.attempt)
        standing = self.sockets.check_lease(run, event.task_type, event.attempt, key)
        if standing is Standing.LOST:
            return False
        if not event.once or standing is Standing.AWAY:
            again = self.clock.now() + LEASE_CHECK
            self.performer.start_timer(run, replace(event, fire_at=again))
        return True

    def _ants_have(self, run: JobRun, event: TimerFired) -> bool:
        """Whether ants have, or take, what is for the function if they do not."""
        if event.timer is not TimerKind.ANT_CHECK:
            return False
        if self.function_tasks is None:
            return True  # there was one when the task was handed out
        graph = self.situations.of(run, self.clock.now()).graph
        return self.function_tasks.check(run, graph, event)

    def _apply_with_followers(
        self, run: JobRun, event: Event, response: TaskResponse | None, cause: str = ""
    ) -> Outcome:
        cause = cause or event_key(event)
        run, decision = self.committer.commit(run, event, response, cause)
        stale = bool(decision.rejected)
        if stale:
            self.admission.refused(run, event)
        commands = caused_by(run, cause) if stale else decision.commands
        self.committer.finish(run, commands, cause)
        return Outcome.STALE if stale else Outcome.APPLIED


def _concerns(run: JobRun, event: Event, execution: str) -> bool:
    """Whether an event is one for the current execution, whichever it names."""
    if execution == run.execution_id or isinstance(event, ChildFinished):
        return True
    # Asked of an execution that failed meanwhile and is retried: what is asked for is the run.
    return isinstance(event, CancelRequested | PauseRequested) and of_same_start(run, execution)
