"""The lease of a single task: how it is numbered, and whether the task still waits for it."""

from formicary.domain.gates import applicant_name, rank_of
from formicary.domain.job_run import ActivityState, JobRun

ATTEMPTS = 100_000


def lease_stint(run: JobRun, attempt: int) -> int:
    """Number the attempts of a task over all executions of its run."""
    return run.retried * ATTEMPTS + attempt


def lease_rank(run: JobRun, task_type: str) -> str:
    """Return where a task stands in the line of a resource."""
    name = applicant_name(run.request_id, task_type)
    return rank_of(run.job_priority, run.created_at, name)


def waits_for_lease(run: JobRun, task_type: str, stint: int) -> bool:
    """Whether a task still waits for the lease that has become free."""
    task = run.active.get(task_type)
    if task is None or task.state is not ActivityState.DISPATCHED:
        return False
    return lease_stint(run, task.attempt) == stint
