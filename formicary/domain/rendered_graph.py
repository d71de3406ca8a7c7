"""The graph of a definition for one run; a node is rendered when it is asked for, and only then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from formicary.domain.document_nodes import Mapping as MappingNode
from formicary.domain.document_nodes import is_dynamic, names_below
from formicary.domain.document_scopes import Scope, ScopeFrame
from formicary.domain.job_definition import JobDefinition
from formicary.domain.job_document import render
from formicary.domain.job_graph import Backoff, JobPolicy, TaskNode
from formicary.domain.rendered_models import only
from formicary.domain.task_definition import RetryBackoffPolicy, TaskDefinition
from formicary.domain.templating import Evaluation, TemplateError
from formicary.domain.validation_fields import Location

if TYPE_CHECKING:
    from formicary.domain.parsed_job import ParsedJob
    from formicary.domain.validation import CheckedJob
    from formicary.domain.validation_routes import TaskEntry

DEFAULT_PAUSE_SECONDS = 30.0
DEFAULT_BACKOFF_SECONDS = 1.0
# The keys that a node needs: rendering these leaves scripts and the like alone.
_NODE_KEYS = frozenset(
    {
        "task_type",
        "method",
        "on_completed",
        "on_failed",
        "on_exit_code",
        "allow_failure",
        "always_run",
        "allow_start_if_completed",
        "retry",
        "delay_between_retries",
        "timeout",
        "await_forked_tasks",
        "depends_on",
        "retry_backoff_policy",
        "except",
    }
)

_POLICY_KEYS = frozenset(
    {
        "timeout",
        "retry",
        "delay_between_retries",
        "retry_backoff_policy",
        "hard_reset_after_retries",
        "max_restarts",
        "pause_time",
        "max_wait",
        "max_parallel",
        "skip_if",
    }
)


class RenderedGraph:
    """A JobGraph. A value that a template fills wrongly counts as absent here.

    `ParsedJob.render_task` tells of it when the task is about to run.
    """

    def __init__(self, parsed: "ParsedJob", variables: Mapping[str, Any]) -> None:
        """Take the definition and the variables of the run."""
        self._parsed = parsed
        self._frame = ScopeFrame(Evaluation(variables))
        self._names = tuple(parsed.checked.tasks)
        self._nodes: dict[str, TaskNode] = {}
        self._policy: JobPolicy | None = None

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self._names)

    @property
    def policy(self) -> JobPolicy:
        """What holds for the job as a whole; rendered when it is first asked for."""
        if self._policy is None:
            self._policy = self._made_policy()
        return self._policy

    @property
    def start_tasks(self) -> Sequence[str]:
        """Tasks that begin the walk, in declaration order."""
        return [name for name in self._parsed.checked.graph.starts if self._is_there(name)]

    @property
    def always_run_tasks(self) -> Sequence[str]:
        """Every `always_run` task, in declaration order."""
        always = self._parsed.checked.graph.always_run
        return [name for name in self._names if name in always and self._always_runs(name)]

    @property
    def unrouted_always_run_tasks(self) -> Sequence[str]:
        """The `always_run` tasks that no route leads to, in declaration order."""
        unrouted = self._parsed.checked.graph.unrouted_always_run
        return [name for name in unrouted if self._always_runs(name)]

    def dependents(self, task_type: str) -> Sequence[str]:
        """Return the tasks whose `depends_on` names this one, in declaration order."""
        return self._parsed.dependents(task_type)

    def has(self, task_type: str) -> bool:
        """Whether the definition has a task of that name."""
        return task_type in self._parsed.checked.tasks

    def node(self, task_type: str) -> TaskNode:
        """Return the task; KeyError when the definition has none of that name."""
        if task_type not in self._nodes:
            self._nodes[task_type] = self._made(self._parsed.checked.tasks[task_type])
        return self._nodes[task_type]

    def index(self, task_type: str) -> int:
        """Return the task's place in the declaration order."""
        return self._parsed.checked.tasks[task_type].index

    def name(self, index: int) -> str:
        """Return the name of the task at that place."""
        return self._names[index]

    def _always_runs(self, name: str) -> bool:
        return self._is_there(name) and self.node(name).always_run

    def _is_there(self, name: str) -> bool:
        variants = self._parsed.checked.tasks[name].variants
        return any(scope is None or self._enters(scope) for _, scope in variants)

    def _enters(self, scope: Scope) -> bool:
        try:
            return self._frame.environment(scope) is not None
        except TemplateError:
            return False

    def _made_policy(self) -> JobPolicy:
        part = only(self._parsed.checked.head, _POLICY_KEYS)
        if not is_dynamic(part):
            return job_policy(self._parsed.definition)
        model = self._rendered(JobDefinition, part, None)
        return job_policy(model) if isinstance(model, JobDefinition) else JobPolicy()

    def _made(self, task: "TaskEntry") -> TaskNode:
        structural = self._parsed.definition.tasks[task.index]
        routed = task.name in self._parsed.checked.graph.routed
        for node, scope in task.variants:
            if scope is None or self._enters(scope):
                part = only(node, _NODE_KEYS)
                if scope is None and not is_dynamic(part):
                    break
                model = self._rendered(TaskDefinition, part, scope)
                if isinstance(model, TaskDefinition):
                    structural = model
                break
        else:
            left_out = task_node(task.index, task.name, structural)
            return replace(left_out, skipped=True, left_out=True, routed=routed)
        leases = self._parsed.definition.tasks[task.index].resources is not None
        made = task_node(task.index, task.name, structural)
        return replace(made, routed=routed, leases=leases) if routed or leases else made

    def _rendered(
        self, model: type[JobDefinition | TaskDefinition], node: MappingNode, scope: Scope | None
    ) -> JobDefinition | TaskDefinition | None:
        """Render a model, one entry after the other where they have faults."""
        data: dict[str, Any] = {}
        for entry in node.entries:
            one = MappingNode(node.line, node.column, [entry])
            try:
                env = self._frame.environment(scope)
                if env is not None:
                    data.update(render(one, self._frame, env, scope))  # type: ignore[call-overload]
            except TemplateError:
                continue
        while True:
            try:
                return model.model_validate(data)
            except ValidationError as error:
                faulty = {_first(tuple(detail["loc"])) for detail in error.errors()}
                if not faulty & data.keys():
                    return None
                data = {key: value for key, value in data.items() if key not in faulty}


def depends_on_variables(checked: "CheckedJob") -> bool:
    """Whether the graph of a definition can differ from run to run."""
    return any(scope is not None or is_dynamic(node) for node, scope in _parts(checked))


def names_of_graph(checked: "CheckedJob") -> frozenset[str]:
    """Return the top-level variables that the graph depends on."""
    return frozenset(name for node, scope in _parts(checked) for name in names_below(node, scope))


def _parts(checked: "CheckedJob") -> Iterator[tuple[MappingNode, Scope | None]]:
    """Yield what the engine reads of a definition: the parts of the job, and of each task."""
    yield only(checked.head, _POLICY_KEYS), None
    for task in checked.tasks.values():
        for node, scope in task.variants:
            yield only(node, _NODE_KEYS), scope


def is_true(rendered: str) -> bool:
    """Whether a rendered condition (`except`, `skip_if`) holds."""
    return rendered.strip().lower() == "true"


def _first(location: Location) -> str:
    return str(location[0]) if location else ""


def job_policy(job: JobDefinition) -> JobPolicy:
    """Return what the engine needs to know of the job as a whole."""
    return JobPolicy(
        timeout_seconds=job.timeout,
        retry=job.retry,
        delay_seconds=job.delay_between_retries or 0.0,
        backoff=_backoff(job.retry_backoff_policy, job.delay_between_retries),
        hard_reset_after_retries=job.hard_reset_after_retries,
        max_restarts=job.max_restarts,
        pause_seconds=DEFAULT_PAUSE_SECONDS if job.pause_time is None else job.pause_time,
        max_wait_seconds=job.max_wait,
        max_parallel=job.max_parallel,
        skipped=is_true(job.skip_if),
    )


def _backoff(policy: RetryBackoffPolicy | None, delay_seconds: float | None) -> Backoff | None:
    if policy is None:
        return None
    shortest = delay_seconds or DEFAULT_BACKOFF_SECONDS
    return Backoff(
        shortest if policy.min is None else policy.min, policy.max, policy.factor, policy.jitter
    )


def task_node(index: int, name: str, task: TaskDefinition) -> TaskNode:
    """Return what the engine needs to know of a task."""
    return TaskNode(
        index=index,
        task_type=name,
        method=task.method,
        exit_routes=dict(task.on_exit_code),
        on_completed=tuple(target for target in task.on_completed if target.strip()),
        on_failed=tuple(target for target in task.on_failed if target.strip()),
        allow_failure=task.allow_failure,
        always_run=task.always_run,
        allow_start_if_completed=task.allow_start_if_completed,
        retry=task.retry,
        delay_seconds=task.delay_between_retries or 0.0,
        timeout_seconds=task.timeout,
        await_forked_tasks=tuple(task.await_forked_tasks),
        skipped=is_true(task.except_),
        depends_on=tuple(task.depends_on),
        backoff=_backoff(task.retry_backoff_policy, task.delay_between_retries),
    )
