"""Runs as the API shows them: the article's JobRequest and JobExecution. The key never shows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from formicary.domain.job_run import JobRun
from formicary.domain.records import TaskAttempt
from formicary.domain.states import RequestState
from formicary.service_layer.task_view import (
    NameValue,
    TaskExecutionView,
    TaskFacts,
    task_views,
)

# Fields of the run that the view shows under the same name.
_COPIED = (
    "user_key",
    "user_id",
    "description",
    "platform",
    "job_type",
    "job_group",
    "job_priority",
    "retried",
    "error_code",
    "error_message",
    "scheduled_at",
    "started_at",
    "ended_at",
    "created_at",
    "updated_at",
)


class JobExecutionView(BaseModel):
    """The current execution of a request; tasks that did not run are not listed."""

    id: str
    job_request_id: str
    job_type: str
    job_version: str
    job_state: RequestState
    exit_code: str = ""
    exit_message: str = ""
    error_code: str = ""
    error_message: str = ""
    contexts: list[NameValue] = Field(default_factory=list)
    tasks: list[TaskExecutionView] = Field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    cpu_secs: int = Field(
        default=0,
        description="Seconds that its attempts took on ants, each times its `cost_factor`; of those"
        " that count, since a late report changes nothing.",
    )


class JobRequestView(BaseModel):
    """A job request. Lists leave out `params` and `execution`."""

    id: str
    parent_id: str = ""
    user_key: str = ""
    job_definition_id: str
    job_execution_id: str
    last_job_execution_id: str = ""
    organization_id: str
    user_id: str = ""
    description: str = ""
    platform: str = ""
    job_type: str
    job_version: str
    job_state: RequestState
    job_group: str = ""
    job_priority: int = 0
    retried: int = 0
    error_code: str = ""
    error_message: str = ""
    why: str = Field(default="", description="What it waits for; empty when it goes on")
    params: dict[str, Any] = Field(default_factory=dict)
    scheduled_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    created_at: datetime
    updated_at: datetime | None = None
    execution: JobExecutionView | None = None


def listed_run_view(run: JobRun) -> JobRequestView:
    """Show a run as lists do."""
    return JobRequestView(
        **{name: getattr(run, name) for name in _COPIED},
        id=run.request_id,
        parent_id=run.parent.request_id if run.parent else "",
        job_definition_id=f"{run.job_type}:{run.job_version}",
        job_execution_id=run.execution_id,
        last_job_execution_id=run.last_execution_id,
        organization_id=run.tenant,
        job_version=str(run.job_version),
        job_state=run.state,
    )


def run_view(
    run: JobRun, facts: Sequence[TaskFacts] = (), attempts: Iterable[TaskAttempt] = ()
) -> JobRequestView:
    """Show a run with its execution, its tasks and what they left."""
    attempts = list(attempts)
    execution = JobExecutionView(
        id=run.execution_id,
        job_request_id=run.request_id,
        job_type=run.job_type,
        job_version=str(run.job_version),
        job_state=run.state,
        exit_code=run.exit_code,
        error_code=run.error_code,
        error_message=run.error_message,
        contexts=[NameValue(name=name, value=run.context[name]) for name in sorted(run.context)],
        tasks=task_views(run, facts, attempts),
        started_at=run.started_at,
        ended_at=run.ended_at,
        updated_at=run.updated_at,
        cpu_secs=round(sum(_cost(one) for one in attempts if _is_of(run, one))),
    )
    return listed_run_view(run).model_copy(
        update={"params": dict(run.params), "execution": execution}
    )


def _is_of(run: JobRun, attempt: TaskAttempt) -> bool:
    """Whether an ant made an attempt in the current execution, and it counts."""
    counts = attempt.job_execution_id == run.execution_id and not attempt.late
    return counts and bool(attempt.ant_id)


def _cost(attempt: TaskAttempt) -> float:
    return attempt.timings.seconds * (attempt.cost_factor or 1)
