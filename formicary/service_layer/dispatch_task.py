"""Rendering one attempt of a task and putting it on the queue of its routing key."""

from dataclasses import dataclass
from typing import Any

from formicary.domain.artifact import Artifact
from formicary.domain.commands import DispatchTask
from formicary.domain.errors import (
    NotFoundError,
    PayloadTooLargeError,
)
from formicary.domain.events import TaskFinished
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.object_keys import attempt_prefix
from formicary.domain.parsed_job import ParsedJob, RenderedTask
from formicary.domain.proofs import attempt_proof
from formicary.domain.routing_key import RoutingKey
from formicary.domain.secret_placeholders import (
    misplaced_secrets,
    secrets_in,
)
from formicary.domain.states import ErrorCode, RequestState, TaskMethod
from formicary.domain.task_definition import BasicResource, TaskDefinition
from formicary.domain.task_lease import lease_stint
from formicary.domain.task_request import (
    SECRETS_SCHEMA_VERSION,
    TaskMessage,
    TaskRequest,
    VariableValue,
)
from formicary.ports import (
    AntRepository,
    Clock,
    ConfigRepository,
    HouseService,
    ObjectStore,
    RunRepository,
    TaskQueues,
)
from formicary.service_layer.earlier_artifacts import EarlierArtifacts, too_many_children
from formicary.service_layer.find_artifact import stored_artifact
from formicary.service_layer.function_tasks import FunctionTasks, Place
from formicary.service_layer.render_attempt import (
    AttemptRenderer,
    PreparedTask,
    failed_attempt,
)
from formicary.service_layer.socket_tasks import SocketTasks
from formicary.service_layer.task_leases import LeaseAnswer, TaskLeases

# How many artifacts a task may name by id.
MAX_NAMED_ARTIFACTS = 100


def task_execution_id(execution_id: str, task_type: str) -> str:
    """Return the public id of a task execution."""
    return f"{execution_id}:{task_type}"


@dataclass(frozen=True, slots=True)
class TaskDispatcher:
    """Turns a `DispatchTask` command into a message for an ant."""

    runs: RunRepository
    objects: ObjectStore
    task_queues: TaskQueues
    ants: AntRepository
    clock: Clock
    configs: ConfigRepository
    leases: TaskLeases
    sockets: SocketTasks | None = None
    house: HouseService | None = None
    function: FunctionTasks | None = None

    def dispatch(
        self, run: JobRun, parsed: ParsedJob, graph: JobGraph, command: DispatchTask
    ) -> TaskFinished | None:
        """Send the attempt; return its outcome at once when no ant is needed to know it.

        That is a task that its `except` skips, one that cannot be rendered, one that starts
        housekeeping, and a method that nothing serves.
        """
        earlier = EarlierArtifacts(self.runs, self.objects, run, graph)
        prepared = self._prepare(run, parsed, graph, command, earlier)
        if isinstance(prepared, TaskFinished):
            return prepared
        rendered, variables = prepared.rendered, prepared.variables
        placeholders, task = prepared.placeholders, rendered.task
        if task.method is TaskMethod.EXPIRE_ARTIFACTS and self.house is not None:
            # The name is the attempt's: performed again, it starts nothing more.
            self.house.start(run.tenant, f"{run.execution_id}:{task.task_type}:{command.attempt}")
            return TaskFinished(command.task_type, command.attempt, RequestState.COMPLETED)
        refusal = _refusal(task, placeholders, graph, command)
        handed = refusal or self._handed_artifacts(earlier, task, command)
        if isinstance(handed, TaskFinished):
            return handed
        if task.resources is not None:
            lease = self._lease(run, command, task.resources)
            if lease.fault:
                return failed_attempt(command, ErrorCode.VALIDATION, lease.fault)
            if not lease.granted:
                return None  # it stands in line, and is dispatched again when it has its turn
            variables = {**lease.variables, **variables}
        body = _message(run, command, rendered, variables, handed)
        body = _naming(body, secrets_in(task, placeholders))
        key = RoutingKey.of(task.method, task.tags)
        # The queues of a plugin were made for the tenant that has published it.
        if run.definition_tenant or not parsed.has_routing_key(key):
            self._make_queue(run.tenant, key)
        return self._send(run, key, body, command)

    def _handed_artifacts(
        self, earlier: EarlierArtifacts, task: TaskDefinition, command: DispatchTask
    ) -> list[Artifact] | TaskFinished:
        """Return what is put in place for a task: of earlier tasks, and what it names by id."""
        fault = too_many_children(earlier.run, earlier.graph, task.dependencies)
        names = list(dict.fromkeys((*task.artifact_ids, *task.dependent_artifact_ids)))
        if len(names) > MAX_NAMED_ARTIFACTS:
            fault = f"artifact_ids: there are {len(names)}; at most {MAX_NAMED_ARTIFACTS} are given"
        if fault:
            return failed_attempt(command, ErrorCode.VALIDATION, fault)
        now = self.clock.now()
        try:
            named = [stored_artifact(self.runs, earlier.run.tenant, name, now) for name in names]
        except NotFoundError as missing:
            return failed_attempt(command, ErrorCode.VALIDATION, f"artifact_ids: {missing.message}")
        return [*earlier.of_dependencies(task.dependencies), *named]

    def _lease(self, run: JobRun, command: DispatchTask, wanted: BasicResource) -> LeaseAnswer:
        """Take the lease of a task that has not ended meanwhile, of a run that is not paused.

        A function that stalled between its commit and its commands may be so late that nobody
        would give the lease back.
        """
        lease = self.leases.take(run, command.task_type, command.attempt, wanted)
        if lease.granted:
            now = self.runs.find(run.tenant, run.request_id)
            paused = now is not None and now.state is RequestState.PAUSED
            if now is None or paused or command.task_type not in now.active:
                stint = lease_stint(run, command.attempt)
                self.leases.give_back(run, command.task_type, stint)
                return LeaseAnswer(False, {})
        return lease

    def _send(
        self, run: JobRun, key: RoutingKey, message: TaskMessage, command: DispatchTask
    ) -> TaskFinished | None:
        try:
            if key.method is TaskMethod.WEBSOCKET and self.sockets is not None:
                self.sockets.offer(key, message)
            else:
                self._send_to_ants(run, key, message)
        except PayloadTooLargeError as fault:
            text = f"the rendered task is too large for a message: {fault.message}"
            return failed_attempt(command, ErrorCode.VALIDATION, text)
        return None

    def _send_to_ants(self, run: JobRun, key: RoutingKey, message: TaskMessage) -> None:
        """Put a task on its queue, unless the function takes it."""
        place = self.function.place(run, key, message) if self.function else Place.ANTS
        if self.function is not None and place is Place.LENT:
            # Before it is sent: a task without the timer might wait for ever.
            message = self.function.lend(run, message)
        if place is not Place.FUNCTION:
            self.task_queues.send(run.tenant, key, message)

    def _make_queue(self, tenant: str, key: RoutingKey) -> None:
        """Make the queue of a key that only rendering could tell, and let ants know of it."""
        self.ants.put_queue(tenant, key, self.task_queues.ensure(tenant, key))

    def _prepare(
        self,
        run: JobRun,
        parsed: ParsedJob,
        graph: JobGraph,
        command: DispatchTask,
        earlier: EarlierArtifacts,
    ) -> PreparedTask | TaskFinished:
        renderer = AttemptRenderer(self.clock, self.configs)
        seen = renderer.surroundings(run, parsed, graph, command, earlier)
        return renderer.prepare(run, parsed, command, seen)


def _refusal(
    task: TaskDefinition, placeholders: dict[str, str], graph: JobGraph, command: DispatchTask
) -> TaskFinished | None:
    """Return why no ant shall have a rendered task, None when one shall."""
    if misplaced := misplaced_secrets(task, placeholders.values()):
        message = f"a secret may not stand in {', '.join(misplaced)}: that is shown to users"
        return failed_attempt(command, ErrorCode.VALIDATION, message)
    if task.method is TaskMethod.WEBSOCKET and secrets_in(task, placeholders):
        message = "a secret is not handed to a WEBSOCKET task: what takes it cannot fetch secrets"
        return failed_attempt(command, ErrorCode.VALIDATION, message)
    if not task.method.needs_ant:
        message = f"nothing here carries out the method {task.method}"
        return failed_attempt(command, ErrorCode.UNSUPPORTED_METHOD, message)
    unknown = [name for name in task.dependencies if not graph.has(name)]
    if unknown:
        message = f"dependencies name {', '.join(unknown)}, which no task of the job is named"
        return failed_attempt(command, ErrorCode.VALIDATION, message)
    return None


def _naming(message: TaskMessage, secrets: tuple[str, ...]) -> TaskMessage:
    """Return a message that tells its ant which secrets to fetch; old ants hand it back."""
    if not secrets:
        return message
    update = {"secrets": list(secrets), "schema_version": SECRETS_SCHEMA_VERSION}
    return message.model_copy(update=update)


def _message(
    run: JobRun,
    command: DispatchTask,
    rendered: RenderedTask,
    variables: dict[str, Any],
    dependencies: list[Artifact],
) -> TaskMessage:
    prefix = attempt_prefix(
        run.tenant, run.request_id, run.execution_id, command.task_type, command.attempt
    )
    return TaskMessage(
        tenant=run.tenant,
        attempt=command.attempt,
        proof=attempt_proof(run.key, run.execution_id, command.task_type, command.attempt),
        object_prefix=prefix,
        dependencies=dependencies,
        warnings=list(rendered.warnings),
        repeated=command.again,
        request=_request(run, command, rendered.task, variables),
    )


def _request(
    run: JobRun, command: DispatchTask, task: TaskDefinition, variables: dict[str, Any]
) -> TaskRequest:
    execution = task_execution_id(run.execution_id, command.task_type)
    return TaskRequest(
        user_id=run.user_id,
        organization_id=run.tenant,
        job_definition_id=f"{run.job_type}:{run.job_version}",
        job_request_id=run.request_id,
        job_type=run.job_type,
        job_type_version=str(run.job_version),
        job_execution_id=run.execution_id,
        task_execution_id=execution,
        task_type=command.task_type,
        co_relation_id=f"{execution}:{command.attempt}",
        platform=run.platform,
        job_retry=run.retried,
        task_retry=command.attempt - 1,
        allow_failure=task.allow_failure,
        tags=list(task.tags),
        before_script=list(task.before_script),
        after_script=list(task.after_script),
        script=list(task.script),
        timeout=task.timeout,
        variables={name: VariableValue(value=value) for name, value in variables.items()},
        executor_opts=task.executor_options(),
    )
