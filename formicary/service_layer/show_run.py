"""Showing one run: its head, and the attempts of every execution that its tasks ended in."""

from formicary.domain.job_run import JobRun
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.records import Principal, TaskAttempt
from formicary.domain.states import STATE_OF_MARK, TaskMark
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.count_children import with_counted_children
from formicary.service_layer.find_run import find_run
from formicary.service_layer.run_view import JobRequestView, run_view
from formicary.service_layer.task_view import TaskFacts
from formicary.service_layer.waiting_reasons import waiting_reasons


def show_run(plane: ControlPlane, caller: Principal, request_id: str) -> JobRequestView:
    """Return a run with its tasks, artifacts and contexts."""
    run = find_run(plane, caller, request_id)
    pinned = plane.parsed.find(run.defined_by, run.job_type, run.job_version)
    facts = task_facts(pinned.parsed) if pinned else []
    why = "; ".join(waiting_reasons(plane, run, pinned.parsed if pinned else None))
    run = with_counted_children(plane.runs, run)
    return run_view(run, facts, attempts_of(plane, run)).model_copy(update={"why": why})


def task_facts(parsed: ParsedJob) -> list[TaskFacts]:
    """Return what a definition says of its tasks, in declaration order."""
    return [
        TaskFacts(
            task_type=task.task_type,
            method=str(task.method),
            allow_failure=task.allow_failure is True,
        )
        for task in parsed.definition.tasks
    ]


def attempts_of(plane: ControlPlane, run: JobRun) -> list[TaskAttempt]:
    """Return the attempts that count: a restart keeps completed tasks, of earlier executions."""
    executions = {
        run.origin_execution_id(index)
        for index, mark in enumerate(run.marks)
        if TaskMark(mark) in STATE_OF_MARK
    }
    if run.started_at is not None:
        executions.add(run.execution_id)
    return [
        attempt
        for execution_id in sorted(executions)
        for attempt in plane.runs.attempts(run.tenant, run.request_id, execution_id)
    ]
