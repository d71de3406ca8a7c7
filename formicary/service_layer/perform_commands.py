"""Carrying out what a decision called for. Doing it twice does no harm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from formicary.domain.commands import (
    AcquireSlots,
    CancelChild,
    CancelItems,
    CancelTask,
    Command,
    DispatchTask,
    ForkItems,
    ForkJob,
    NotifyParent,
    PlanNext,
    ReleaseSlots,
    ReturnLease,
    StartTimer,
)
from formicary.domain.events import (
    CancelRequested,
    Event,
    SlotsGranted,
    TimerFired,
    TimerKind,
)
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.proofs import internal_proof
from formicary.domain.states import TaskMethod
from formicary.domain.task_request import task_key
from formicary.ports import AntRepository, Clock, ConfigRepository, EventQueue, RunRepository
from formicary.service_layer.admission import Admission, lease_end
from formicary.service_layer.config_variables import config_layers
from formicary.service_layer.cron_planner import CronPlanner
from formicary.service_layer.dispatch_task import TaskDispatcher
from formicary.service_layer.fork_items import JobForker
from formicary.service_layer.socket_tasks import SocketTasks
from formicary.service_layer.task_variables import job_variables
from formicary.service_layer.tell_parent import notice_of_end
from formicary.service_layer.timers import Timers

CANCEL_WISH_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class CommandPerformer:
    """Sends commands on their way; gives back the events that are known at once."""

    runs: RunRepository
    ants: AntRepository
    events: EventQueue
    clock: Clock
    dispatcher: TaskDispatcher
    forker: JobForker
    admission: Admission
    planner: CronPlanner
    sockets: SocketTasks | None = None

    def perform(
        self, run: JobRun, parsed: ParsedJob, graph: JobGraph, commands: Iterable[Command]
    ) -> Iterator[Event]:
        """Carry out the commands in order."""
        for command in commands:
            event = self._perform(run, parsed, graph, command)
            if event is not None:
                yield event

    def _perform(
        self, run: JobRun, parsed: ParsedJob, graph: JobGraph, command: Command
    ) -> Event | None:
        if isinstance(command, DispatchTask):
            return self.dispatcher.dispatch(run, parsed, graph, command)
        if isinstance(command, ForkJob):
            return self.forker.fork(run, parsed, graph, command)
        if isinstance(command, AcquireSlots):
            return self._acquire(run, command)
        self._tell(run, graph, command)
        return None

    def _acquire(self, run: JobRun, command: AcquireSlots) -> SlotsGranted | None:
        until = lease_end(run, self.clock.now())
        granted = self.admission.acquire(run, command.stint, waited=command.waited, until=until)
        if granted is not None and until is not None:
            self.start_timer(run, TimerFired(TimerKind.LEASE, "", command.stint, until))
        return granted

    def _tell(self, run: JobRun, graph: JobGraph, command: Command) -> None:
        """Carry out what no event follows from at once."""
        if isinstance(command, StartTimer):
            self.start_timer(run, _timer_event(command))
        elif isinstance(command, ReleaseSlots):
            self.admission.release(run, command.stint)
        elif isinstance(command, ReturnLease):
            self.dispatcher.leases.give_back(run, command.task_type, command.stint)
        elif isinstance(command, PlanNext):
            self.planner.plan_next(run)
        elif isinstance(command, CancelTask):
            self._cancel_task(run, graph, command)
        elif isinstance(command, NotifyParent):
            self._notify_parent(run)
        else:
            self._tell_children(run, command)

    def _tell_children(self, run: JobRun, command: Command) -> None:
        if isinstance(command, CancelChild):
            self._cancel_child(run, command)
        elif isinstance(command, ForkItems):
            self.forker.call_batch(run, command)
        elif isinstance(command, CancelItems):
            self.forker.call_cancel(run, command)

    def start_timer(self, run: JobRun, event: TimerFired) -> None:
        """Send a timer on its way."""
        Timers(self.events, self.clock).start(run, event)

    def _cancel_task(self, run: JobRun, graph: JobGraph, command: CancelTask) -> None:
        key = task_key(run.execution_id, command.task_type, command.attempt)
        by_socket = graph.node(command.task_type).method is TaskMethod.WEBSOCKET
        if by_socket and self.sockets is not None:
            self.sockets.cancel(run.tenant, key)
            return
        until = self.clock.now() + timedelta(seconds=CANCEL_WISH_SECONDS)
        self.ants.put_cancel(run.tenant, key, until)

    def _cancel_child(self, run: JobRun, command: CancelChild) -> None:
        child = self.runs.find(run.tenant, command.child_request_id)
        if child is not None and not child.state.terminal:
            reason = f"the parent {run.request_id} ended"
            self.events.send(_internal(child, CancelRequested(reason)))

    def _notify_parent(self, run: JobRun) -> None:
        if run.parent is not None:
            self.events.send(notice_of_end(run, run.parent))


def plan_variables(
    run: JobRun, parsed: ParsedJob, now: datetime, configs: ConfigRepository
) -> dict[str, object]:
    """Return the variables that a definition's policy fields are rendered with: no secrets."""
    layers = config_layers(configs, run, parsed, parsed.graph_names)
    return job_variables(run, layers.around(parsed.definition.job_variables, {}), now)


def _timer_event(command: StartTimer) -> TimerFired:
    return TimerFired(command.timer, command.task_type, command.attempt, command.fire_at)


def _internal(run: JobRun, event: Event) -> EventMessage:
    proof = internal_proof(run.key)
    return pack_event(run.tenant, run.request_id, run.execution_id, proof, event)
