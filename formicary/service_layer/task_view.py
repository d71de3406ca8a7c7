"""Tasks of an execution as the API shows them: the article's TaskExecution."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from formicary.domain.job_run import ActiveTask, ActivityState, Fan, JobRun
from formicary.domain.records import TaskAttempt
from formicary.domain.states import STATE_OF_MARK, ChildMark, RequestState, TaskMark
from formicary.domain.task_response import TaskResponseTimings
from formicary.service_layer.artifact_view import ArtifactView, artifact_view

_ACTIVE_STATES = {
    ActivityState.DISPATCHED: RequestState.READY,
    ActivityState.RETRYING: RequestState.READY,
    ActivityState.EXECUTING: RequestState.EXECUTING,
    ActivityState.AWAITING: RequestState.EXECUTING,
    ActivityState.CANCELLING: RequestState.EXECUTING,
    ActivityState.HELD: RequestState.PAUSED,
}
_WAITING = frozenset({TaskMark.QUEUED, TaskMark.JOINING, TaskMark.LATER})
_MARK_STATES = {
    **STATE_OF_MARK,
    **dict.fromkeys(_WAITING, RequestState.PENDING),
    TaskMark.ACTIVE: RequestState.EXECUTING,
}


# Fields of an attempt that the view of its task shows under the same name.
_COPIED = (
    "exit_code",
    "exit_message",
    "error_code",
    "error_message",
    "failed_command",
    "ant_id",
    "ant_host",
    "stdout",
    "warnings",
    "cost_factor",
    "started_at",
    "ended_at",
    "timings",
)


class NameValue(BaseModel):
    """A variable that a task left for those after it."""

    name: str
    value: str


class AttemptView(BaseModel):
    """One attempt of a task; `late` ones came too late to count."""

    attempt: int
    status: RequestState
    exit_code: str = ""
    error_code: str = ""
    ant_id: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    timings: TaskResponseTimings = Field(default_factory=TaskResponseTimings)
    late: bool = False


class ForkedJobsView(BaseModel):
    """The children of a fork task with `fork_items`, counted; `forked` of `total` are there."""

    total: int
    forked: int
    completed: int
    failed: int
    cancelled: int


class TaskExecutionView(BaseModel):
    """How one task stands: the outcome of its latest attempt, or what it is doing now."""

    id: str
    job_execution_id: str
    task_type: str
    method: str
    task_state: RequestState
    task_order: int
    allow_failure: bool = False
    exit_code: str = ""
    exit_message: str = ""
    error_code: str = ""
    error_message: str = ""
    failed_command: str = ""
    ant_id: str = ""
    ant_host: str = ""
    retried: int = 0
    forked_job_id: str = ""
    forked_jobs: ForkedJobsView | None = Field(
        default=None, description="Of a fork task with `fork_items`, instead of `forked_job_id`."
    )
    contexts: list[NameValue] = Field(default_factory=list)
    artifacts: list[ArtifactView] = Field(default_factory=list)
    stdout: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    timings: TaskResponseTimings = Field(
        default_factory=TaskResponseTimings,
        description="When each step of the last attempt ended, by the ant's clock.",
    )
    cost_factor: float = 0.0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: list[AttemptView] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What the definition says of a task."""

    task_type: str
    method: str
    allow_failure: bool = False


def task_views(
    run: JobRun, facts: Sequence[TaskFacts], attempts: Iterable[TaskAttempt]
) -> list[TaskExecutionView]:
    """Show the tasks that have begun, in declaration order."""
    # Not by their places: an execution of another version of the job may have had others.
    by_name: dict[str, list[TaskAttempt]] = {}
    for attempt in attempts:
        by_name.setdefault(attempt.task_type, []).append(attempt)
    return [
        _task_view(run, index, fact, by_name.get(fact.task_type, []))
        for index, fact in enumerate(facts)
        if _has_begun(run, index)
    ]


def _has_begun(run: JobRun, index: int) -> bool:
    if index >= len(run.marks) or run.mark(index) is TaskMark.NOT_RUN:
        return False
    # What waited for its turn when the job ended has never begun.
    return not (run.state.terminal and run.mark(index) in _WAITING)


def _task_view(
    run: JobRun, index: int, fact: TaskFacts, attempts: list[TaskAttempt]
) -> TaskExecutionView:
    execution_id = run.origin_execution_id(index)
    active = run.active.get(fact.task_type)
    if active is not None:
        execution_id = run.execution_id
    ours = sorted(
        (a for a in attempts if a.job_execution_id == execution_id), key=lambda a: a.attempt
    )
    view = TaskExecutionView(
        id=f"{execution_id}:{fact.task_type}",
        job_execution_id=execution_id,
        task_type=fact.task_type,
        method=fact.method,
        task_state=_MARK_STATES[run.mark(index)],
        task_order=index,
        allow_failure=fact.allow_failure,
        forked_job_id=_only_child(run, index),
        forked_jobs=_forked_jobs(run.fans.get(index)),
        attempts=[_attempt_view(attempt) for attempt in ours],
    )
    in_time = [attempt for attempt in ours if not attempt.late]
    if active is not None:
        return view.model_copy(update=_activity(active))
    return view.model_copy(update=_outcome(in_time)) if in_time else view


def _only_child(run: JobRun, index: int) -> str:
    none = index in run.fans or run.child(index) is ChildMark.NONE
    return "" if none else run.child_request_id(index)


def _forked_jobs(fan: Fan | None) -> ForkedJobsView | None:
    if fan is None:
        return None
    return ForkedJobsView(
        total=fan.total,
        forked=fan.forked,
        completed=fan.completed,
        failed=fan.failed,
        cancelled=fan.cancelled,
    )


def _activity(active: ActiveTask) -> dict[str, object]:
    return {
        "task_state": _ACTIVE_STATES[active.state],
        "ant_id": active.ant_id,
        "ant_host": active.ant_host,
        "retried": active.attempt - 1,
        "started_at": active.started_at,
    }


def _outcome(attempts: list[TaskAttempt]) -> dict[str, object]:
    last = attempts[-1]
    return {name: getattr(last, name) for name in _COPIED} | {
        "method": str(last.method),
        "retried": last.attempt - 1,
        "contexts": [NameValue(name=k, value=v) for k, v in sorted(last.context.items())],
        "artifacts": [artifact_view(artifact) for artifact in last.artifacts],
    }


def _attempt_view(attempt: TaskAttempt) -> AttemptView:
    return AttemptView(**attempt.model_dump(include=set(AttemptView.model_fields)))
