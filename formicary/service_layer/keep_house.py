"""Housekeeping: what has expired or is kept for long enough goes, what stands still is moved.

Each call does a bounded piece. Invariant: each piece may be done again, by several at once, and
broken off anywhere: what names the rest goes last.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from formicary.domain.artifact import Artifact
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.events import Event
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
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.object_keys import run_prefix, tenant_prefix
from formicary.domain.proofs import internal_proof
from formicary.domain.states import TERMINAL_STATES, RequestState
from formicary.domain.sweep import Stall, stalls
from formicary.ports import (
    Clock,
    DeadLetters,
    DefinitionRepository,
    EventQueue,
    ObjectRemover,
    RunRemover,
    RunRepository,
    TenantRegistry,
)
from formicary.service_layer.parsed_definitions import ParsedDefinitions

# A call of the function ends well within its time with so many at once.
_TENANTS = 100
_LISTED = 200
_RETIRED = 10
_ITEMS = 200
_OBJECTS = 1000
_SWEPT = 100
_LETTERS = 100
_UNFINISHED = sorted(set(RequestState) - TERMINAL_STATES)


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
    _parsed: ParsedDefinitions = field(init=False)

    def __post_init__(self) -> None:
        """Keep definitions that were read."""
        self._parsed = ParsedDefinitions(self.definitions)

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
        return self._sweep(chore)

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
        retired = sum(self._retire(overdue) for overdue in self._overdue(page.records))
        return chore.go_on(page.next_token, retired=retired)

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
        """Send what runs wait for in vain; the engine decides whether they still do."""
        page = self.runs.list_runs(
            chore.tenant, states=_UNFINISHED, limit=_SWEPT, token=chore.page or None
        )
        now = self.clock.now()
        found = [self.runs.find(run.tenant, run.request_id) for run in page.records]
        stalled = [(run, *stall) for run in found if run for stall in stalls(run, now)]
        self.events.send_all([_message(run, event) for run, _, event in stalled])
        counts = Counter(kind for _, kind, _ in stalled)
        return chore.go_on(
            page.next_token,
            never_begun=counts[Stall.NEVER_BEGUN],
            lost_timers=counts[Stall.LOST_TIMER],
        )

    def _remove(self, tenant: str, request_id: str) -> bool:
        """Remove some of a retired run, objects first; return whether nothing is left."""
        keys = self.objects.list_keys(run_prefix(tenant, request_id), _OBJECTS)
        self.objects.delete(keys)
        if len(keys) == _OBJECTS:
            return False
        return self.remover.remove_remains(tenant, request_id, _ITEMS)


def _message(run: JobRun, event: Event) -> EventMessage:
    proof = internal_proof(run.key)
    return pack_event(run.tenant, run.request_id, run.execution_id, proof, event)


def _own_keys(tenant: str, artifacts: list[Artifact]) -> list[str]:
    """Return the keys of objects that are the tenant's: an ant reports keys, and may err."""
    own = tenant_prefix(tenant)
    return [artifact.key for artifact in artifacts if artifact.key.startswith(own)]
