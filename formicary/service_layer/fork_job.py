"""Creating the child run of a FORK_JOB task."""

from dataclasses import dataclass

from formicary.domain.announcements import announced
from formicary.domain.commands import ForkJob
from formicary.domain.errors import (
    FormicaryError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
)
from formicary.domain.events import ChildForked, JobSubmitted, TaskFinished
from formicary.domain.gates import for_child
from formicary.domain.job_run import JobRun, ParentLink
from formicary.domain.messages import pack_event
from formicary.domain.new_run import RunOrder, new_run
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
class ChildForker:
    """Turns a `ForkJob` command into a child run and its first event."""

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
        try:
            order = self._order(run, task)
        except (NotFoundError, InvalidRequestError, PayloadTooLargeError) as fault:
            return _failed(command, fault)
        child = self.runs.create(
            new_run(order, command.child_request_id, self.ids.key(), self.clock.now())
        )
        self.events.send(
            pack_event(
                child.tenant,
                child.request_id,
                child.execution_id,
                internal_proof(child.key),
                JobSubmitted(),
            )
        )
        return ChildForked(command.task_type, command.attempt, child.request_id)

    def _order(self, run: JobRun, task: TaskDefinition) -> RunOrder:
        if run.depth >= MAX_DEPTH:
            raise InvalidRequestError(f"forked jobs are nested more than {MAX_DEPTH} deep")
        job_type, asked = _asked_for(task)
        found = self._find_type(run.tenant, job_type)
        published = found.tenant != run.tenant
        version = self._jobs.version(run.tenant, found, asked)
        parsed = self.parsed_definitions.get(found.tenant, job_type, version).parsed
        check_params(job_type, parsed.definition.required_params, task.variables)
        wanted = parsed.definition.resources
        leased = choose_resource(self.gates, run.tenant, wanted) if wanted else None
        own = (*((leased.claim,) if leased else ()), *gates_of_child(found))
        parent = ParentLink(
            run.request_id,
            run.execution_id,
            task.task_type,
            fork_proof(run.key, run.execution_id, task.task_type),
        )
        return RunOrder(
            tenant=run.tenant,
            user_id=run.user_id,
            job_type=job_type,
            job_version=version,
            size=len(parsed.definition.tasks),
            params={**(leased.variables if leased else {}), **task.variables},
            description=f"forked by {task.task_type} of {run.job_type}",
            platform=run.platform,
            job_group=run.job_group,
            job_priority=run.job_priority,
            parent=parent,
            depth=run.depth + 1,
            gates=for_child(own, run.gates),
            definition_tenant=found.tenant if published else "",
            announces=announced(parsed.announces, child=True, foreign=published),
        )

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


def _failed(command: ForkJob, fault: FormicaryError) -> TaskFinished:
    return TaskFinished(
        command.task_type,
        command.attempt,
        RequestState.FAILED,
        error_code=ErrorCode.FORK_FAILED,
        error_message=fault.message,
    )
