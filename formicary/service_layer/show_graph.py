"""The graph of a definition or of a run, ready to be drawn in whatever form is asked for."""

from formicary.domain.drawn_graph import SKIPPED, DrawnGraph, Outcome, drawn_graph
from formicary.domain.records import Principal
from formicary.domain.states import SKIPPED_EXIT_CODE
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_definition import find_definition
from formicary.service_layer.find_run import find_run
from formicary.service_layer.show_run import attempts_of, task_facts
from formicary.service_layer.task_view import TaskExecutionView, task_views


def definition_graph(plane: ControlPlane, caller: Principal, reference: str) -> DrawnGraph:
    """Return the graph of a definition."""
    found = find_definition(plane, caller, reference)
    return drawn_graph(found.parsed, title=found.version.id)


def run_graph(plane: ControlPlane, caller: Principal, request_id: str) -> DrawnGraph:
    """Return the graph of a run: how each task stands, and the ways that were gone."""
    run = find_run(plane, caller, request_id)
    parsed = plane.parsed.get(run.defined_by, run.job_type, run.job_version).parsed
    tasks = task_views(run, task_facts(parsed), attempts_of(plane, run))
    outcomes = {task.task_type: _outcome(task) for task in tasks}
    title = f"{run.job_type}:{run.job_version} \u00b7 {run.request_id} \u00b7 {run.state}"
    return drawn_graph(parsed, outcomes, title)


def _outcome(task: TaskExecutionView) -> Outcome:
    skipped = task.exit_code == SKIPPED_EXIT_CODE
    return Outcome(SKIPPED if skipped else str(task.task_state), task.exit_code)
