"""What the function for HTTP tasks has to do with a task that waits for an ant, in words."""

from formicary.domain.commands import DispatchTask
from formicary.domain.events import TaskFinished
from formicary.domain.http_function import (
    FULL_ANTS_SECONDS,
    traits_of_definition,
    why_not_by_function,
)
from formicary.domain.job_run import ActiveTask, JobRun
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.states import HTTP_METHODS
from formicary.domain.task_definition import TaskDefinition
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.earlier_artifacts import EarlierArtifacts
from formicary.service_layer.render_attempt import AttemptRenderer
from formicary.service_layer.situation import Situations

# The fields that decide, and the variables that these may be templates of.
_DECIDING = frozenset(
    {"task_type", "method", "tags", "timeout", "working_dir", "cache", "variables"}
)


def function_reason(
    plane: ControlPlane, run: JobRun, parsed: ParsedJob, task: ActiveTask, *, served: bool
) -> str:
    """Tell that the function takes a task, or why not; nothing where there is no function.

    `served` tells that ants serve it, though they are full.
    """
    method = parsed.definition.task(task.task_type).method
    if not plane.ant_environment.http_function or method not in HTTP_METHODS:
        return ""
    objection = why_not_by_function(traits_of_definition(_as_sent(plane, run, parsed, task)))
    if objection:
        return f", and the function for HTTP tasks does not carry it out: {objection}"
    if served:
        minutes = FULL_ANTS_SECONDS / 60
        return f"; the function for HTTP tasks takes it when they are full for {minutes:g} minutes"
    return "; the function for HTTP tasks has it, or takes it within a minute"


def _as_sent(
    plane: ControlPlane, run: JobRun, parsed: ParsedJob, task: ActiveTask
) -> TaskDefinition:
    """Return a task with the fields that decide rendered as for the ant that it waits for."""
    graph = Situations(plane.parsed, plane.configs).of(run, plane.clock.now()).graph
    command = DispatchTask(task.task_type, task.attempt)
    renderer = AttemptRenderer(plane.clock, plane.configs)
    earlier = EarlierArtifacts(plane.runs, plane.objects, run, graph)
    seen = renderer.surroundings(run, parsed, graph, command, earlier)
    prepared = renderer.prepare(run, parsed, command, seen, _DECIDING)
    if isinstance(prepared, TaskFinished):
        return parsed.definition.task(task.task_type)
    return prepared.rendered.task
