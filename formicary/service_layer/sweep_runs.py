"""The sweep over unfinished runs: finds what they wait for in vain, and sends it.

It has no way of its own to change a run: the engine decides whether the run still waits for it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from formicary.domain.events import CancelRequested, Event, SlotFreed
from formicary.domain.gates import resource_gate, wanted
from formicary.domain.job_run import ActiveTask, JobRun
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.proofs import internal_proof
from formicary.domain.schedule import has_left
from formicary.domain.socket_ant import SocketAnt
from formicary.domain.states import TERMINAL_STATES, RequestState
from formicary.domain.sweep import (
    PATIENCE,
    AwaitedChild,
    Stall,
    TaskSupply,
    awaited_children,
    is_cancelled_by,
    is_quiet,
    is_stray,
    lost_socket_leases,
    lost_tasks,
    stalls,
    waits_for_slots,
)
from formicary.domain.tally import Tally
from formicary.domain.task_lease import lease_rank
from formicary.domain.task_request import task_key
from formicary.ports import (
    AntRepository,
    Clock,
    DefinitionRepository,
    EventQueue,
    GateRepository,
    QueueCounts,
    RunRepository,
    SocketAntRepository,
)
from formicary.service_layer.admission import applicant_of
from formicary.service_layer.child_of_item import child_of_item
from formicary.service_layer.cron_planner import SCHEDULE_CHANGED
from formicary.service_layer.fork_items import end_of_item
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.tell_parent import notice_of_end

# A call of the function ends well within its time with so many at once.
_RUNS = 100
_CHILDREN = 1000
_UNFINISHED = sorted(set(RequestState) - TERMINAL_STATES)

Found = tuple[Stall, EventMessage]


@dataclass(frozen=True, slots=True)
class Swept:
    """What one call found and mended, and where the next goes on."""

    found: Counter[str]
    next_page: str | None


@dataclass(slots=True)
class RunSweeper:
    """Looks at the unfinished runs of a tenant, a page at a time."""

    runs: RunRepository
    types: DefinitionRepository
    definitions: ParsedDefinitions
    ants: AntRepository
    sockets: SocketAntRepository
    gates: GateRepository
    queues: QueueCounts
    events: EventQueue
    clock: Clock

    def count_messages(self, tenant: str) -> dict[str, int]:
        """Return how much is on the task queues of a tenant, by routing key."""
        directives = self.ants.queues(tenant)
        return {one.routing_key: self.queues.count(one.queue_url) for one in directives}

    def sweep(
        self, tenant: str, page: str, messages: Mapping[str, int], counted_at: datetime
    ) -> tuple[Swept, dict[str, int]]:
        """Look at some runs; also return what is left of the messages that were counted."""
        listed, next_page = self._list(tenant, page)
        supply = TaskSupply(messages, counted_at, self._reported(tenant))
        found = [one for run in listed for one in self._look_at(run, supply)]
        return self._send(found, next_page), supply.left

    def sweep_children(self, tenant: str, page: str) -> Swept:
        """Look at some of the children that runs wait for, and tell of those that have ended."""
        offset, _, place = page.partition(":")
        begin = int(offset or 0)
        listed, next_page = self._list(tenant, place)
        now = self.clock.now()
        awaited = (
            (run, child)
            for run in listed
            if is_quiet(run, now)
            for child in awaited_children(run, self._tallies_of(run))
        )
        children = list(islice(awaited, begin, begin + _CHILDREN))
        found = [
            one
            for run, child in children
            if not child.counted
            for one in self._ended_child(run, child, now)
        ]
        if len(children) == _CHILDREN:
            return self._send(found, f"{begin + _CHILDREN}:{place}")
        return self._send(found, f"0:{next_page}" if next_page else None)

    def _tallies_of(self, run: JobRun) -> Callable[[str], Mapping[str, Tally]]:
        return partial(self.runs.tallies, run.tenant, run.request_id)

    def _send(self, found: Sequence[Found], next_page: str | None) -> Swept:
        self.events.send_all([message for _, message in found])
        return Swept(Counter(kind.value for kind, _ in found), next_page)

    def _list(self, tenant: str, page: str) -> tuple[list[JobRun], str | None]:
        """Return some unfinished runs as they are now, not as a list showed them."""
        listed = self.runs.list_runs(tenant, states=_UNFINISHED, limit=_RUNS, token=page or None)
        found = [self.runs.find(run.tenant, run.request_id) for run in listed.records]
        return [run for run in found if run is not None], listed.next_token

    def _reported(self, tenant: str) -> set[str]:
        """Return the attempts that ants have in flight, those that were heard of lately."""
        now = self.clock.now()
        return {
            task_key(task.job_execution_id, task.task_type, task.attempt)
            for ant in self.ants.list(tenant)
            if now - ant.updated_at <= PATIENCE
            for task in ant.in_flight
        }

    def _look_at(self, run: JobRun, supply: TaskSupply) -> Iterator[Found]:
        now = self.clock.now()
        for kind, event in stalls(run, now):
            yield kind, message_to(run, event)
        for kind, lost in self._lost_tasks(run, supply, now):
            yield kind, message_to(run, lost)
        if not is_quiet(run, now):
            return
        if waits_for_slots(run) and not self._stands_in_line(run):
            freed = SlotFreed(run.stint, f"sweep:{now.isoformat()}")
            yield Stall.OUT_OF_LINE, message_to(run, freed)
        if self._is_stray(run, now):
            stray = CancelRequested(SCHEDULE_CHANGED, unbegun=True)
            yield Stall.STRAY_OCCURRENCE, message_to(run, stray)
        parent = self.runs.find(run.tenant, run.parent.request_id) if run.parent else None
        if parent is not None and is_cancelled_by(parent, run):
            cancel = CancelRequested(f"the parent {parent.request_id} ended")
            yield Stall.UNTOLD_CHILD, message_to(run, cancel)

    def _lost_tasks(
        self, run: JobRun, supply: TaskSupply, now: datetime
    ) -> Iterator[tuple[Stall, Event]]:
        if not run.active:
            return
        pinned = self.definitions.find(run.defined_by, run.job_type, run.job_version)
        if pinned is None:
            return
        tasks = pinned.parsed.definition

        def waits(task: ActiveTask) -> bool:
            return self._waits_for_lease(run, task)

        for lost in lost_tasks(run, tasks.task, supply, waits, now):
            yield Stall.LOST_TASK, lost

        def holder(task: ActiveTask) -> SocketAnt | None:
            return self._holder(run, task)

        for look in lost_socket_leases(run, tasks.task, holder, now):
            yield Stall.LOST_TIMER, look

    def _holder(self, run: JobRun, task: ActiveTask) -> SocketAnt | None:
        """Return the websocket ant that has an attempt."""
        key = task_key(run.execution_id, task.task_type, task.attempt)
        return next(
            (a for a in self.sockets.list(run.tenant) if a.task and a.task.key == key), None
        )

    def _waits_for_lease(self, run: JobRun, task: ActiveTask) -> bool:
        rank = lease_rank(run, task.task_type)
        return any(
            self.gates.waits(run.tenant, resource_gate(resource.id), rank) is not None
            for resource in self.gates.list_resources(run.tenant)
        )

    def _is_stray(self, run: JobRun, now: datetime) -> bool:
        """Whether an occurrence waits that its schedule, or its job type, knows no more."""
        if run.occurrence is None or has_left(run):
            return False
        schedule = self.types.find_schedule(run.tenant, run.job_type)
        if is_stray(run, schedule, now):
            return True
        return self.types.find_type(run.tenant, run.job_type) is None

    def _stands_in_line(self, run: JobRun) -> bool:
        """Whether a run is in a line as it is now; of another stint it is not woken."""
        rank = applicant_of(run, run.stint).rank
        found = (self.gates.waits(run.tenant, claim.gate, rank) for claim in wanted(run.gates))
        return any(who is not None and who.stint == run.stint for who in found)

    def _ended_child(self, parent: JobRun, awaited: AwaitedChild, now: datetime) -> Iterator[Found]:
        index, item = awaited.index, awaited.item
        if item < 0:
            child = self.runs.find(parent.tenant, parent.child_request_id(index))
        else:
            child = child_of_item(self.runs, parent, index, item)
        if child is None or child.parent is None or not child.state.terminal:
            return
        if is_quiet(child, now):
            notice = notice_of_end(child, child.parent)
            if item >= 0:
                notice = end_of_item(parent, index, child.parent.task_type, item, child.state)
            yield Stall.UNTOLD_PARENT, notice


def message_to(run: JobRun, event: Event) -> EventMessage:
    """Wrap an event of the control plane for a run."""
    proof = internal_proof(run.key)
    return pack_event(run.tenant, run.request_id, run.execution_id, proof, event)
