"""The attempts of one task: in an execution of another version it may have had another place."""

from formicary.domain.job_run import JobRun
from formicary.domain.records import TaskAttempt
from formicary.ports import RunRepository


def attempts_of_task(
    runs: RunRepository, run: JobRun, task_type: str, index: int, execution_id: str
) -> list[TaskAttempt]:
    """Return the attempts of the task at a place, by name where a restart changed the version."""
    stored = runs.attempts(run.tenant, run.request_id, execution_id, index)
    found = [attempt for attempt in stored if attempt.task_type == task_type]
    if found or execution_id == run.execution_id:
        return found
    whole = runs.attempts(run.tenant, run.request_id, execution_id)
    return [attempt for attempt in whole if attempt.task_type == task_type]
