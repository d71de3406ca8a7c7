"""A job definition read once: its structure, its graph for one run, its tasks rendered alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from formicary.domain.announcements import announces
from formicary.domain.document_nodes import Mapping as MappingNode
from formicary.domain.document_nodes import Node, is_dynamic, names_below
from formicary.domain.document_scopes import Scope, ScopeFrame
from formicary.domain.errors import InvalidDefinitionError
from formicary.domain.faults import Fault, in_text_order, summary
from formicary.domain.job_definition import JobDefinition
from formicary.domain.job_document import read_document
from formicary.domain.job_graph import JobGraph
from formicary.domain.rendered_graph import RenderedGraph, depends_on_variables, names_of_graph
from formicary.domain.rendered_models import only, rendered_model, without
from formicary.domain.routing_key import RoutingKey
from formicary.domain.shown_job import shown_job
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.templating import Evaluation
from formicary.domain.validation import CheckedJob, check_job
from formicary.domain.validation_routes import Route, TaskEntry


@dataclass(frozen=True, slots=True)
class RenderedTask:
    """A task with its templates filled in, and the variables that had no value."""

    task: TaskDefinition
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedJob:
    """The fields of the job itself with their templates filled in; its tasks are left out."""

    job: JobDefinition
    warnings: tuple[str, ...] = ()


def parse_job(text: str | bytes) -> "ParsedJob":
    """Read a definition; InvalidDefinitionError carries every fault, in the order of the text."""
    document = read_document(text)
    if document.root is None:
        raise _invalid(document.faults)
    checked = check_job(document.root, document.doubled, ranges=document.ranges)
    if faults := document.faults + checked.faults:
        raise _invalid(faults)
    return ParsedJob(checked)


def _invalid(found: list[Fault]) -> InvalidDefinitionError:
    faults = in_text_order(found)
    return InvalidDefinitionError(summary(faults), faults)


@dataclass(eq=False)
class ParsedJob:
    """A definition without faults. Nothing in it changes, so that one may serve many runs."""

    checked: CheckedJob
    _rendered: dict[str, RenderedTask] = field(default_factory=dict)

    @property
    def definition(self) -> JobDefinition:
        """The structure; a templated field keeps its text, or its default where none can stand."""
        return self.checked.definition

    @property
    def templated(self) -> bool:
        """Whether any value or line depends on variables."""
        return is_dynamic(self.checked.head) or any(
            map(self._is_dynamic, self.checked.tasks.values())
        )

    def routes(self, task_type: str) -> tuple[Route, ...]:
        """Return the ways out of a task, those of every condition."""
        return tuple(self.checked.tasks[task_type].routes)

    def dependents(self, task_type: str) -> tuple[str, ...]:
        """Return the tasks that wait for this one (`depends_on`)."""
        return self.checked.graph.dependents.get(task_type, ())

    @property
    def start_tasks(self) -> tuple[str, ...]:
        """The tasks that can begin the walk."""
        return self.checked.graph.starts

    def graph(self, variables: Mapping[str, Any]) -> JobGraph:
        """Return the graph for one run; nodes that templates fill are rendered when asked for."""
        return RenderedGraph(self, variables) if self._graph_is_dynamic else self._static_graph

    @cached_property
    def _static_graph(self) -> JobGraph:
        return RenderedGraph(self, {})

    @cached_property
    def _graph_is_dynamic(self) -> bool:
        return depends_on_variables(self.checked)

    @cached_property
    def graph_names(self) -> frozenset[str]:
        """The top-level variables that the graph can differ by from run to run."""
        return names_of_graph(self.checked) if self._graph_is_dynamic else frozenset()

    @staticmethod
    def _is_dynamic(task: TaskEntry) -> bool:
        return any(scope is not None or is_dynamic(node) for node, scope in task.variants)

    def forks_for_items(self, task_type: str) -> bool:
        """Whether a task has `fork_items`, perhaps under a condition."""
        variants = self.checked.tasks[task_type].variants
        return any(node.all("fork_items") for node, _ in variants)

    def render_task(
        self, task_type: str, variables: Mapping[str, Any], keys: frozenset[str] | None = None
    ) -> RenderedTask:
        """Render one task; TemplateError tells which value cannot be what it must be.

        KeyError when there is no task of exactly that name. A task that a condition leaves
        out is rendered with `except` true, so that it is skipped. With `keys`, no others are
        rendered: they have no say.
        """
        if task_type in self._rendered:
            return self._rendered[task_type]
        task = self.checked.tasks[task_type]
        if not self._is_dynamic(task):
            rendered = RenderedTask(self.definition.tasks[task.index])
            self._rendered[task_type] = rendered
            return rendered
        evaluation = Evaluation(variables)
        frame = ScopeFrame(evaluation)
        node, scope = self.variant(task, frame)
        if node is None:
            skipped = TaskDefinition(task_type=task_type, **{"except": "true"})
            first = self.definition.tasks[task.index]
            skipped = skipped.model_copy(
                update={"method": first.method, "on_completed": first.on_completed}
            )
            return RenderedTask(skipped, _warnings(evaluation))
        own = without(node, _FOR_OTHERS) if keys is None else only(node, keys)
        model = rendered_model(TaskDefinition, own, scope, frame, f'task "{task_type}"')
        return RenderedTask(model, _warnings(evaluation))

    def render_job(self, variables: Mapping[str, Any]) -> RenderedJob:
        """Render the job's own fields (skip_if, notify, webhook, ...), not its tasks."""
        evaluation = Evaluation(variables)
        frame = ScopeFrame(evaluation)
        model = rendered_model(JobDefinition, self.checked.head, None, frame, "the job")
        return RenderedJob(model, _warnings(evaluation))

    @cached_property
    def announces(self) -> str:
        """The letters of who is named by any alternative of the text (`Announces`)."""
        tasks = [node for task in self.checked.tasks.values() for node, _ in task.variants]
        return announces(
            notify=bool(self.checked.head.all("notify")),
            webhook=bool(self.checked.head.all("webhook")),
            tasks=any(node.all("webhook") for node in tasks),
        )

    @cached_property
    def listener_names(self) -> frozenset[str]:
        """The top-level variables that `notify` and `webhook` of the job mention."""
        return frozenset(names_below(only(self.checked.head, _LISTENERS)))

    def render_listeners(self, variables: Mapping[str, Any]) -> JobDefinition:
        """Render `notify` and `webhook` of the job alone; TemplateError as `render_task`."""
        frame = ScopeFrame(Evaluation(variables))
        model: JobDefinition = rendered_model(
            JobDefinition, only(self.checked.head, _LISTENERS), None, frame, "the job"
        )
        return model

    def render_field(
        self, task_type: str, field_name: str, variables: Mapping[str, Any]
    ) -> TaskDefinition | None:
        """Render one field of a task alone; None when a condition leaves the task out."""
        frame = ScopeFrame(Evaluation(variables))
        node, scope = self.variant(self.checked.tasks[task_type], frame)
        if node is None:
            return None
        own = only(node, (field_name,))
        model: TaskDefinition = rendered_model(
            TaskDefinition, own, scope, frame, f'task "{task_type}"'
        )
        return model

    def variant(
        self, task: TaskEntry, frame: ScopeFrame
    ) -> tuple[MappingNode | None, Scope | None]:
        """Return the alternative of a task that the conditions of a run leave, if any."""
        for node, scope in task.variants:
            if frame.environment(scope) is not None:
                return node, scope
        return None, None

    def referenced_names(self, task_type: str) -> frozenset[str]:
        """Return the top-level variables that the task's templates and conditions mention.

        Those of its webhook do not count: it is nothing to the ant.
        """
        return self._names(task_type, lambda node: without(node, _FOR_OTHERS))

    def webhook_names(self, task_type: str) -> frozenset[str]:
        """Return the top-level variables that the task's webhook may be rendered with."""
        return self._names(task_type, lambda node: only(node, ("webhook", "variables")))

    def _names(self, task_type: str, part: Callable[[MappingNode], MappingNode]) -> frozenset[str]:
        return frozenset(
            name
            for node, scope in self.checked.tasks[task_type].variants
            for name in [*names_below(part(node), scope), *(scope.names if scope else ())]
        )

    def routing_keys(self) -> tuple[RoutingKey, ...]:
        """Return the routing keys of the tasks for ants whose method and tags are not templated."""
        return self._routing_keys

    def has_routing_key(self, key: RoutingKey) -> bool:
        """Whether `key` is one of them."""
        return key in self._routing_key_set

    @cached_property
    def _routing_key_set(self) -> frozenset[RoutingKey]:
        return frozenset(self._routing_keys)

    @cached_property
    def _routing_keys(self) -> tuple[RoutingKey, ...]:
        keys = {
            RoutingKey.of(task.method, task.tags)
            for name, task in zip(self.checked.tasks, self.definition.tasks, strict=True)
            if task.needs_ant and not self._key_is_dynamic(name)
        }
        return tuple(sorted(keys))

    def _key_is_dynamic(self, name: str) -> bool:
        entries = [
            (node.all(key), scope)
            for node, scope in self.checked.tasks[name].variants
            for key in ("method", "tags")
        ]
        return any(
            scope is not None or len(found) > 1 or any(_depends(e.value, e.scope) for e in found)
            for found, scope in entries
        )

    def to_json(self) -> dict[str, Any]:
        """Return the structure as JSON by the article's names; a template stands as its text."""
        return shown_job(self.checked)


_LISTENERS = ("notify", "webhook")
# Rendered when the task has ended, for who is called then: not a matter of the task.
_FOR_OTHERS = "webhook"


def _depends(node: Node, scope: Scope | None) -> bool:
    return scope is not None or is_dynamic(node, scope)


def _warnings(evaluation: Evaluation) -> tuple[str, ...]:
    return tuple(str(warning) for warning in evaluation.warnings)
