"""Rendering one attempt of a task, with all that its templates see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.commands import DispatchTask
from formicary.domain.events import TaskFinished
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.parsed_job import ParsedJob, RenderedTask
from formicary.domain.rendered_graph import is_true
from formicary.domain.secret_placeholders import secret_placeholder
from formicary.domain.states import SKIPPED_EXIT_CODE, ErrorCode, RequestState
from formicary.domain.templating.errors import TemplateError
from formicary.ports import Clock, ConfigRepository
from formicary.service_layer.config_variables import config_layers
from formicary.service_layer.task_variables import (
    ITEM_NAMES,
    Results,
    job_built_ins,
    render_attempt,
    results_of_tasks,
    task_built_ins,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an attempt's templates see below and above the task's own variables.

    `placeholders` are what stands for secrets, by name.
    """

    below: Mapping[str, Any]
    above: Mapping[str, Any]
    placeholders: dict[str, str]


@dataclass(frozen=True, slots=True)
class PreparedTask:
    """A task rendered, the variables that it is handed, and what stands for secrets in it."""

    rendered: RenderedTask
    variables: dict[str, Any] = field(default_factory=dict)
    placeholders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttemptRenderer:
    """Renders attempts, or tells why they do not run."""

    clock: Clock
    configs: ConfigRepository

    def surroundings(
        self,
        run: JobRun,
        parsed: ParsedJob,
        graph: JobGraph,
        command: DispatchTask,
        earlier: Results,
    ) -> Surroundings:
        """Look up what the templates of an attempt see."""
        names = parsed.referenced_names(command.task_type)
        if parsed.forks_for_items(command.task_type):
            names -= ITEM_NAMES
        layers = config_layers(self.configs, run, parsed, names)
        placeholders = {
            name: secret_placeholder(run.key, run.execution_id, command.task_type, name)
            for name in layers.secrets
        }
        below = {
            **layers.around(parsed.definition.job_variables, placeholders),
            **job_built_ins(run, self.clock.now()),
            **task_built_ins(run, command.task_type, command.attempt),
        }
        above = {
            **run.params,
            **run.context,
            **results_of_tasks(run, graph, names, earlier),
        }
        return Surroundings(below, above, placeholders)

    def prepare(
        self,
        run: JobRun,
        parsed: ParsedJob,
        command: DispatchTask,
        seen: Surroundings,
        keys: frozenset[str] | None = None,
    ) -> PreparedTask | TaskFinished:
        """Render a task, or those keys of it; or tell why it does not run: faults, or `except`."""
        try:
            rendered = render_attempt(parsed, command.task_type, seen.below, seen.above, keys)
        except (TemplateError, ValueError) as fault:
            return failed_attempt(command, ErrorCode.VALIDATION, str(fault))
        if parsed.definition.strict_variables and rendered.warnings:
            return failed_attempt(command, ErrorCode.VALIDATION, "; ".join(rendered.warnings))
        if is_true(rendered.task.except_):
            return TaskFinished(
                command.task_type, command.attempt, RequestState.COMPLETED, SKIPPED_EXIT_CODE
            )
        own = rendered.task.variables
        visible = {**parsed.definition.job_variables, **own, **run.params, **run.context}
        return PreparedTask(rendered, visible, seen.placeholders)


def failed_attempt(command: DispatchTask, code: ErrorCode, message: str) -> TaskFinished:
    """Return the outcome of an attempt that failed before it began."""
    return TaskFinished(
        command.task_type,
        command.attempt,
        RequestState.FAILED,
        error_code=code,
        error_message=message,
    )
