"""Creating the child runs of a FORK_JOB task."""

from collections.abc import Sequence
from dataclasses import dataclass

from formicary.domain.announcements import announced
from formicary.domain.commands import ForkJob
from formicary.domain.errors import (
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
)
from formicary.domain.events import ChildForked, JobSubmitted, TaskFinished
from formicary.domain.gates import Claim, for_child
from formicary.domain.job_run import JobRun, ParentLink
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.proofs import fork_proof, internal_proof
from formicary.domain.records import JobTypeRecord
from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_definition import TaskDefinition
from formicary.ports import (
    Clock,
    DefinitionRepository,
    EventQueue,
    GateRepository,
    IdGenerator,
    RunRepository,
)
from formicary.service_layer.choose_resource import choose_resource
from formicary.service_layer.gates_of_run import gates_of_child
from formicary.service_layer.job_submission import check_params
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.runnable_jobs import RunnableJobs

MAX_DEPTH = 10


@dataclass(frozen=True, slots=True)
class WantedChild:
    """A child that a rendered fork task wants; `item` is below 0 for its only one.

    `gates` are what it has to pass beside those of its type.
    """

    task: TaskDefinition
    request_id: str
    item: int = -1
    gates: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class _Target:
    """The job that a fork task names."""

    record: JobTypeRecord
    version: int
    parsed: ParsedJob


@dataclass(frozen=True, slots=True)
class ChildForker:
    """Creates child runs and sends their first events."""

    runs: RunRepository
    definitions: DefinitionRepository
    parsed_definitions: ParsedDefinitions
    events: EventQueue
    clock: Clock
    ids: IdGenerator
    gates: GateRepository

    def fork(
        self, run: JobRun, task: TaskDefinition, command: ForkJob
    ) -> ChildForked | TaskFinished:
        """Create the child (once: its id is derived) and tell how it went."""
        fault = self.fork_all(run, [WantedChild(task, command.child_request_id)])
        if fault:
            return _failed(command, fault)
        return ChildForked(command.task_type, command.attempt, command.child_request_id)

    def fork_all(self, run: JobRun, wanted: Sequence[WantedChild]) -> str:
        """Create children and have them begin; or none of them, and tell what is wrong."""
        known: dict[tuple[str, str], _Target] = {}
        orders: list[RunOrder] = []
        for child in wanted:
            try:
                orders.append(self._order(run, child, known))
            except (NotFoundError, InvalidRequestError, PayloadTooLargeError) as fault:
                return f"item {child.item}: {fault.message}" if child.item >= 0 else fault.message
        made = [
            self.runs.create(new_run(order, child.request_id, self.ids.key(), self.clock.now()))
            for order, child in zip(orders, wanted, strict=True)
        ]
        self.events.send_all([_submitted(child) for child in made])
        return ""

    def _order(
        self, run: JobRun, child: WantedChild, known: dict[tuple[str, str], _Target]
    ) -> RunOrder:
        if run.depth >= MAX_DEPTH:
            raise InvalidRequestError(f"forked jobs are nested more than {MAX_DEPTH} deep")
        task = child.task
        asked = _asked_for(task)
        if asked not in known:
            known[asked] = self._target(run, *asked)
        target = known[asked]
        job_type, definition = target.record.job_type, target.parsed.definition
        check_params(job_type, definition.required_params, task.variables)
        wanted = definition.resources
        leased = choose_resource(self.gates, run.tenant, wanted) if wanted else None
        published = target.record.tenant != run.tenant
        leases = (leased.claim,) if leased else ()
        own = (*leases, *child.gates, *gates_of_child(target.record))
        parent = ParentLink(
            run.request_id,
            run.execution_id,
            task.task_type,
            fork_proof(run.key, run.execution_id, task.task_type),
            child.item,
        )
        return RunOrder(
            tenant=run.tenant,
            user_id=run.user_id,
            job_type=job_type,
            job_version=target.version,
            size=len(definition.tasks),
            params={**(leased.variables if leased else {}), **task.variables},
            description=f"forked by {task.task_type} of {run.job_type}",
            platform=run.platform,
            job_group=run.job_group,
            job_priority=run.job_priority,
            parent=parent,
            depth=run.depth + 1,
            gates=for_child(own, run.gates),
            definition_tenant=target.record.tenant if published else "",
            announces=announced(target.parsed.announces, child=True, foreign=published),
        )

    def _target(self, run: JobRun, job_type: str, asked: str) -> _Target:
        found = self._find_type(run.tenant, job_type)
        version = self._jobs.version(run.tenant, found, asked)
        parsed = self.parsed_definitions.get(found.tenant, job_type, version).parsed
        if found.tenant != run.tenant and not parsed.definition.public_plugin:
            raise NotFoundError(f"version {version} of {job_type!r} is not public")
        return _Target(found, version, parsed)

    def _find_type(self, tenant: str, job_type: str) -> JobTypeRecord:
        found = self._jobs.find(tenant, job_type)
        if found is None:
            raise NotFoundError(
                f"fork_job_type {job_type!r} is neither a job type nor a public plugin; "
                "upload it first"
            )
        if found.disabled:
            raise InvalidRequestError(f"the job type {job_type!r} is disabled")
        return found

    @property
    def _jobs(self) -> RunnableJobs:
        return RunnableJobs(self.definitions, self.parsed_definitions)


def _asked_for(task: TaskDefinition) -> tuple[str, str]:
    """Return job type and version: `fork_job_version`, `job_version`, or behind a colon."""
    job_type, _, behind = task.fork_job_type.partition(":")
    return job_type, task.fork_job_version or task.job_version or behind


def _submitted(child: JobRun) -> EventMessage:
    proof = internal_proof(child.key)
    return pack_event(child.tenant, child.request_id, child.execution_id, proof, JobSubmitted())


def _failed(command: ForkJob, fault: str) -> TaskFinished:
    return TaskFinished(
        command.task_type,
        command.attempt,
        RequestState.FAILED,
        error_code=ErrorCode.FORK_FAILED,
        error_message=fault,
    )
