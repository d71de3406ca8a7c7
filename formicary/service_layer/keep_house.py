"""Housekeeping: what has expired or is kept for long enough goes, what stands still is moved.

Each call does a bounded piece. Invariant: each piece may be done again, by several at once, and
broken off anywhere: what names the rest goes last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.artifact import Artifact
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.housekeeping import (
    Chore,
    DeadLettersSent,
    HouseStep,
    TenantsPage,
    is_expired,
    is_overdue,
)
from formicary.domain.job_definition import JobDefinition
from formicary.domain.job_run import JobRun
from formicary.domain.object_keys import run_prefix, tenant_prefix
from formicary.domain.states import TERMINAL_STATES
from formicary.ports import (
    AntRepository,
    Clock,
    DeadLetters,
    DefinitionRepository,
    EventBus,
    EventQueue,
    GateRepository,
    IdGenerator,
    ObjectRemover,
    QueueCounts,
    RunRemover,
    RunRepository,
    SocketAntRepository,
    TenantRegistry,
    ToldEnds,
)
from formicary.service_layer.cron_planner import CronPlanner
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.sweep_ends import EndSweeper
from formicary.service_layer.sweep_gates import GateSweeper
from formicary.service_layer.sweep_runs import RunSweeper, Swept
from formicary.service_layer.sweep_schedules import ScheduleSweeper
from formicary.service_layer.tenant_limits import KnownLimits

# A call of the function ends well within its time with so many at once.
_TENANTS = 100
_LISTED = 200
_RETIRED = 10
_ITEMS = 200
_OBJECTS = 1000
_LETTERS = 100
_FORGOTTEN: Mapping[str, Any] = {"messages": {}, "counted_at": None}


@dataclass(slots=True)
class HouseKeeper:
    """Does the chores of one tenant after another."""

    registry: TenantRegistry
    definitions: DefinitionRepository
    runs: RunRepository
    remover: RunRemover
    objects: ObjectRemover
    events: EventQueue
    dead_letters: DeadLetters
    clock: Clock
    ants: AntRepository
    sockets: SocketAntRepository
    gates: GateRepository
    queues: QueueCounts
    bus: EventBus
    told_ends: ToldEnds
    ids: IdGenerator
    _parsed: ParsedDefinitions = field(init=False)
    _runs: RunSweeper = field(init=False)
    _gates: GateSweeper = field(init=False)
    _ends: EndSweeper = field(init=False)
    _schedules: ScheduleSweeper = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts together."""
        self._parsed = ParsedDefinitions(self.definitions)
        self._runs = RunSweeper(
            self.runs,
            self.definitions,
            self._parsed,
            self.ants,
            self.sockets,
            self.gates,
            self.queues,
            self.events,
            self.clock,
        )
        planner = CronPlanner(
            self.runs,
            self.definitions,
            self._parsed,
            self.events,
            self.gates,
            KnownLimits(self.gates, self.clock),
            self.clock,
            self.ids,
        )
        self._schedules = ScheduleSweeper(self.definitions, planner, self.clock)
        self._gates = GateSweeper(self.gates, self.runs, self.events, self.clock)
        self._ends = EndSweeper(self.runs, self.told_ends, self.bus, self.clock)

    def list_tenants(self, after: str) -> TenantsPage:
        """Return the tenants that come after a name."""
        names = list(self.registry.tenants(after, _TENANTS))
        return TenantsPage(tenants=names, after=names[-1] if len(names) == _TENANTS else "")

    def send_on(self) -> DeadLettersSent:
        """Send some dead letters on: what failed may go well once a fault is mended."""
        count = self.dead_letters.send_on(_LETTERS)
        return DeadLettersSent(sent_on=count, more=count >= _LETTERS)

    def do(self, chore: Chore) -> Chore:
        """Do a piece of work; return the one that follows."""
        if chore.step is HouseStep.EXPIRE_ARTIFACTS:
            return self._expire_artifacts(chore)
        if chore.step is HouseStep.RETIRE_RUNS:
            return self._retire_runs(chore)
        if chore.step is HouseStep.REMOVE_REMAINS:
            return self._remove_remains(chore)
        if chore.step is HouseStep.SWEEP:
            return self._sweep(chore)
        sweepers = {
            HouseStep.SWEEP_SCHEDULES: self._schedules.sweep,
            HouseStep.SWEEP_CHILDREN: self._runs.sweep_children,
            HouseStep.SWEEP_GATES: self._gates.sweep,
        }
        return _after(chore, sweepers[chore.step](chore.tenant, chore.page))

    def _expire_artifacts(self, chore: Chore) -> Chore:
        page = self.runs.list_artifacts(
            chore.tenant, filters={}, limit=_LISTED, token=chore.page or None
        )
        now = self.clock.now()
        expired = [artifact for artifact in page.records if is_expired(artifact, now)]
        self.objects.delete(_own_keys(chore.tenant, expired))
        for artifact in expired:
            self.remover.delete_artifact(chore.tenant, artifact)
        return chore.go_on(page.next_token, expired=len(expired))

    def _retire_runs(self, chore: Chore) -> Chore:
        page = self.runs.list_runs(
            chore.tenant,
            states=sorted(TERMINAL_STATES),
            limit=_LISTED,
            token=chore.page or None,
        )
        mended = self._ends.sweep(chore.tenant, page.records)
        retired = sum(self._retire(overdue) for overdue in self._overdue(page.records))
        return chore.having_mended(mended).go_on(page.next_token, retired=retired)

    def _overdue(self, listed: Sequence[JobRun]) -> Iterator[JobRun]:
        """Return those that are over for too long, as they are now, not as a list showed them."""
        known: dict[str, JobDefinition | None] = {}
        now = self.clock.now()
        for run in listed:
            if run.job_type not in known:
                known[run.job_type] = self._definition(run)
            own = known[run.job_type]
            # A list does not tell whose plugin it was: what the tenant has not defined is read.
            if own is not None and not is_overdue(run, own, now):
                continue
            current = self.runs.find(run.tenant, run.request_id)
            definition = self._definition(current) if current else None
            if current and definition and is_overdue(current, definition, now):
                yield current

    def _definition(self, run: JobRun) -> JobDefinition | None:
        """Return the definition in force; the run's own one when the job type was deleted."""
        record = self.definitions.find_type(run.defined_by, run.job_type)
        version = record.version if record else run.job_version
        pinned = self._parsed.find(run.defined_by, run.job_type, version)
        return pinned.parsed.definition if pinned else None

    def _retire(self, run: JobRun) -> bool:
        if self._is_needed(run):
            return False
        try:
            self.remover.retire(run)
        except ConcurrentUpdateError:
            return False  # somebody restarts it: it is kept
        return True

    def _is_needed(self, run: JobRun) -> bool:
        """Whether a parent that goes on may still ask for the artifacts of its child."""
        parent = self.runs.find(run.tenant, run.parent.request_id) if run.parent else None
        return parent is not None and not parent.state.terminal

    def _remove_remains(self, chore: Chore) -> Chore:
        found = self.remover.retired(chore.tenant, _RETIRED)
        gone = [self._remove(chore.tenant, request_id) for request_id in found]
        # No place to go on from: what was removed is not found again.
        return chore.go_on("more" if not all(gone) or len(gone) == _RETIRED else None)

    def _sweep(self, chore: Chore) -> Chore:
        counted_at, messages = chore.counted_at, chore.messages
        if counted_at is None:
            counted_at, messages = self.clock.now(), self._runs.count_messages(chore.tenant)
        swept, left = self._runs.sweep(chore.tenant, chore.page, messages, counted_at)
        following = _after(chore, swept)
        kept = {"messages": left, "counted_at": counted_at}
        return following.model_copy(update=kept if following.step is chore.step else _FORGOTTEN)

    def _remove(self, tenant: str, request_id: str) -> bool:
        """Remove some of a retired run, objects first; return whether nothing is left."""
        keys = self.objects.list_keys(run_prefix(tenant, request_id), _OBJECTS)
        self.objects.delete(keys)
        if len(keys) == _OBJECTS:
            return False
        return self.remover.remove_remains(tenant, request_id, _ITEMS)


def _after(chore: Chore, swept: Swept) -> Chore:
    return chore.having_mended(swept.found).go_on(swept.next_page)


def _own_keys(tenant: str, artifacts: list[Artifact]) -> list[str]:
    """Return the keys of objects that are the tenant's: an ant reports keys, and may err."""
    own = tenant_prefix(tenant)
    return [artifact.key for artifact in artifacts if artifact.key.startswith(own)]
