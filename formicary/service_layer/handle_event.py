"""The engine: load the run, decide, commit, perform.

Invariant: a command is performed only after the state that called for it has been committed, and
the event that caused it is given back to the queue until all of its commands have been performed.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from formicary.domain.ant import ClaimAnswer, ClaimRequest
from formicary.domain.commands import Command, DispatchTask
from formicary.domain.decide import Decision, decide
from formicary.domain.errors import ConcurrentUpdateError, ForgedEventError, NotFoundError
from formicary.domain.events import (
    ChildFinished,
    Event,
    SlotFreed,
    TaskFinished,
    TaskRedelivered,
    TimerFired,
    TimerKind,
    begins_execution,
    event_key,
)
from formicary.domain.history import HistoryNote
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage, unpack_event
from formicary.domain.object_keys import attempt_prefix
from formicary.domain.outbox import caused_by
from formicary.domain.proofs import attempt_proof, proof_matches, proof_of
from formicary.domain.restart import as_ended
from formicary.domain.task_request import task_key
from formicary.domain.task_response import TaskResponse
from formicary.ports import (
    AntRepository,
    Clock,
    ConfigRepository,
    DefinitionRepository,
    ErrorRuleRepository,
    EventQueue,
    GateRepository,
    HouseService,
    IdGenerator,
    ObjectStore,
    RunRepository,
    TaskQueues,
)
from formicary.service_layer.admission import Admission
from formicary.service_layer.config_variables import NoConfigs
from formicary.service_layer.cron_planner import CronPlanner
from formicary.service_layer.dispatch_task import TaskDispatcher
from formicary.service_layer.fork_job import ChildForker
from formicary.service_layer.known_error_rules import KnownErrorRules, NoErrorRules
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.perform_commands import CommandPerformer
from formicary.service_layer.record_history import Happening, HistoryRecorder
from formicary.service_layer.situation import Situations
from formicary.service_layer.socket_tasks import LEASE_CHECK, SocketTasks, Standing
from formicary.service_layer.task_leases import TaskLeases, waits_for_lease
from formicary.service_layer.tenant_limits import KnownLimits

MAX_CONFLICTS = 25
_TIMER_SLACK = timedelta(milliseconds=500)


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    STALE = "stale"
    FORGED = "forged"
    UNKNOWN = "unknown"
    EARLY = "early"


@dataclass
class Engine:
    """Moves runs. Safe to be called for the same event, and the same run, by several at once."""

    runs: RunRepository
    definitions: DefinitionRepository
    ants: AntRepository
    events: EventQueue
    task_queues: TaskQueues
    objects: ObjectStore
    clock: Clock
    ids: IdGenerator
    gates: GateRepository
    configs: ConfigRepository = field(default_factory=NoConfigs)
    sockets: SocketTasks | None = None
    error_rules: ErrorRuleRepository = field(default_factory=NoErrorRules)
    house: HouseService | None = None
    known_error_rules: KnownErrorRules = field(init=False)
    parsed_definitions: ParsedDefinitions = field(init=False)
    admission: Admission = field(init=False)
    leases: TaskLeases = field(init=False)
    performer: CommandPerformer = field(init=False)
    situations: Situations = field(init=False)
    recorder: HistoryRecorder = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts together."""
        self.parsed_definitions = ParsedDefinitions(self.definitions)
        self.admission = Admission(self.gates, self.events)
        self.leases = TaskLeases(self.gates, self.admission, self.clock)
        self.known_error_rules = KnownErrorRules(self.error_rules, self.clock)
        dispatcher = TaskDispatcher(
            self.runs,
            self.objects,
            self.task_queues,
            self.ants,
            self.clock,
            self.configs,
            self.leases,
            self.sockets,
            self.house,
        )
        forker = ChildForker(
            self.runs,
            self.definitions,
            self.parsed_definitions,
            self.events,
            self.clock,
            self.ids,
            self.gates,
        )
        planner = CronPlanner(
            self.runs,
            self.definitions,
            self.parsed_definitions,
            self.events,
            self.gates,
            KnownLimits(self.gates, self.clock),
            self.clock,
            self.ids,
        )
        self.performer = CommandPerformer(
            self.runs,
            self.ants,
            self.events,
            self.clock,
            dispatcher,
            forker,
            self.admission,
            planner,
            self.sockets,
        )
        self.situations = Situations(self.parsed_definitions, self.configs)
        self.recorder = HistoryRecorder(self.runs)

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
            self._note_forged(run, message)
            return Outcome.FORGED
        return self._take(run, event, message)

    def _take(self, run: JobRun, event: Event, message: EventMessage) -> Outcome:
        """Apply an event that is believed."""
        if isinstance(event, SlotFreed) and event.task_type:
            return self._dispatch_again(run, event, message.execution_id)
        if isinstance(event, TimerFired) and event.timer is TimerKind.LEASE:
            return self._end_lease(run, event)
        if message.execution_id != run.execution_id and not isinstance(event, ChildFinished):
            return self._take_from_earlier_execution(run, event, message)
        if isinstance(event, TimerFired):
            again = self._again_at(run, event)
            if again is not None:
                self.performer.start_timer(run, replace(event, fire_at=again))
                return Outcome.EARLY
        return self._apply_with_followers(run, event, message.response)

    def _note_forged(self, run: JobRun, message: EventMessage) -> None:
        subject = f"{message.event.get('task_type', '')}:{message.event.get('attempt', '')}"
        by = message.response.ant_id if message.response else ""
        reason = "the proof is not that of this event"
        note = HistoryNote(self.clock.now(), "forged", message.kind, reason, subject.strip(":"), by)
        self.recorder.note(run, note)

    def claim(self, tenant: str, ant_id: str, request: ClaimRequest) -> ClaimAnswer:
        """Let an ant run a message that was delivered before, as a new attempt, or refuse."""
        event = TaskRedelivered(request.task_type, request.attempt, ant_id, request.delivery)
        run = self.runs.find(tenant, request.job_request_id)
        if run is None:
            raise NotFoundError(f"there is no job request {request.job_request_id!r}")
        expected = proof_of(run.key, request.job_execution_id, event)
        if not proof_matches(expected, request.proof):
            raise ForgedEventError
        if request.job_execution_id != run.execution_id:
            return ClaimAnswer(granted=False, reason="the execution has ended")
        cause = event_key(event)
        run, decision = self._commit(run, event, None, cause)
        # A claim may be the last straw and end the job: asked again, it makes good what was left.
        self._finish(run, caused_by(run, cause) if decision.rejected else decision.commands, cause)
        task = run.active.get(request.task_type)
        if decision.rejected and task is not None and 0 < request.delivery <= task.delivery:
            if (task.delivery, task.ant_id) != (request.delivery, ant_id):
                raise ConcurrentUpdateError("A later delivery of the message has been claimed.")
            return _grant(run, request.task_type, task.attempt)  # asked again for want of an answer
        if decision.rejected or task is None:
            return ClaimAnswer(granted=False, reason=decision.rejected or "the task has ended")
        return _grant(run, request.task_type, task.attempt)

    def _take_from_earlier_execution(
        self, run: JobRun, event: Event, message: EventMessage
    ) -> Outcome:
        """Keep a late outcome; what begins an execution finishes it when delivered again."""
        self.admission.refused(run, event)
        if begins_execution(event):
            self._finish(run, caused_by(run, event_key(event)), event_key(event))
        elif isinstance(event, TaskFinished):
            then = run.evolve(execution_id=message.execution_id)
            late = Decision(then, rejected="the execution has ended")
            now = self.clock.now()
            graph = self.situations.of(run, now).graph
            self.recorder.record(
                Happening(then, graph, event, late, message.response, now, event_key(event))
            )
        return Outcome.STALE

    def _dispatch_again(self, run: JobRun, event: SlotFreed, execution_id: str) -> Outcome:
        """Hand out a task that may have its lease now; who waits no more gives it back."""
        if execution_id != run.execution_id or not waits_for_lease(run, event):
            self.leases.refused(run, event)
            return Outcome.STALE
        task = run.active[event.task_type]
        self._finish(run, [DispatchTask(task.task_type, task.attempt)], event_key(event))
        return Outcome.APPLIED

    def _end_lease(self, run: JobRun, event: TimerFired) -> Outcome:
        """Take leases back that have lasted too long; the run itself goes on."""
        if self._comes_early(event):
            self.performer.start_timer(run, event)
            return Outcome.EARLY
        self.admission.expire(run, event.attempt)
        return Outcome.APPLIED

    def _comes_early(self, event: TimerFired) -> bool:
        return event.fire_at is not None and event.fire_at > self.clock.now() + _TIMER_SLACK

    def _again_at(self, run: JobRun, event: TimerFired) -> datetime | None:
        """Return when a timer has to fire again: it comes early, or its lease still holds."""
        if self._comes_early(event):
            return event.fire_at
        if event.timer is not TimerKind.SOCKET_LEASE or self.sockets is None:
            return None
        key = task_key(run.execution_id, event.task_type, event.attempt)
        standing = self.sockets.check_lease(run, event.task_type, event.attempt, key)
        return None if standing is Standing.LOST else self.clock.now() + LEASE_CHECK

    def _apply_with_followers(
        self, run: JobRun, event: Event, response: TaskResponse | None
    ) -> Outcome:
        cause = event_key(event)
        run, decision = self._commit(run, event, response, cause)
        stale = bool(decision.rejected)
        if stale:
            self.admission.refused(run, event)
        commands = caused_by(run, cause) if stale else decision.commands
        self._finish(run, commands, cause)
        return Outcome.STALE if stale else Outcome.APPLIED

    def _finish(self, run: JobRun, commands: Iterable[Command], cause: str) -> None:
        """Perform commands, and decide on what is known at once, until nothing is left to do.

        A follower that is rejected has been applied already: by another engine, or by a write
        whose answer was lost, so that nobody may have performed what it called for.
        """
        todo = deque([tuple(commands)])
        done: set[Command] = set()
        while todo:
            batch = [command for command in todo.popleft() if command not in done]
            if not batch:
                continue
            done.update(batch)
            here = self.situations.of(run, self.clock.now())
            followers = list(self.performer.perform(here.run, here.parsed, here.graph, batch))
            for event in followers:
                run, decision = self._commit(run, event, None, cause)
                if decision.rejected:
                    self.admission.refused(run, event)
                todo.append(caused_by(run, cause) if decision.rejected else decision.commands)

    def _commit(
        self, run: JobRun, event: Event, response: TaskResponse | None, cause: str
    ) -> tuple[JobRun, Decision]:
        """Decide and store it, again from the newest state while somebody else is faster."""
        event = self.known_error_rules.judged(run, event, response)
        for _ in range(MAX_CONFLICTS):
            now = self.clock.now()
            here = self.situations.before(run, event, now)
            decision = decide(here.run, event, here.graph, now, cause)
            happening = Happening(run, here.graph, event, decision, response, now, cause)
            try:
                recorded = self.recorder.record(happening)
                if decision.rejected:
                    return run, decision
                if decision.run.execution_id != run.execution_id:
                    self.runs.archive_execution(as_ended(run))
                return self.runs.save(recorded), decision
            except ConcurrentUpdateError:
                run = self._reload(run)
        raise ConcurrentUpdateError(f"run {run.request_id} is changed by too many at once")

    def _reload(self, run: JobRun) -> JobRun:
        found = self.runs.find(run.tenant, run.request_id)
        if found is None:
            raise NotFoundError(f"run {run.request_id} is gone")
        return found


def _grant(run: JobRun, task_type: str, attempt: int) -> ClaimAnswer:
    return ClaimAnswer(
        granted=True,
        attempt=attempt,
        proof=attempt_proof(run.key, run.execution_id, task_type, attempt),
        object_prefix=attempt_prefix(
            run.tenant, run.request_id, run.execution_id, task_type, attempt
        ),
    )
