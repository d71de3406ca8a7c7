"""What the world is told when the state of a job changes: no params, no secrets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

from formicary.domain.announcements import Announces
from formicary.domain.job_run import JobRun
from formicary.domain.states import STATE_OF_MARK, TERMINAL_STATES, RequestState, TaskMark

SOURCE = "formicary"


@dataclass(frozen=True, slots=True)
class JobExecutionLifecycleEvent:
    """A job went from one state to another; `old_state` is empty for a new one.

    `announces` tells that its definition names somebody who wants to know; most have none.
    """

    kind: ClassVar[str] = "JobExecutionLifecycleEvent"

    id: str
    tenant: str
    job_request_id: str
    job_execution_id: str
    job_type: str
    job_version: int
    old_state: str
    new_state: str
    error_code: str
    user_id: str
    announces: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as listeners get it."""
        fields = asdict(self)
        if not self.announces:
            del fields["announces"]
        return fields


@dataclass(frozen=True, slots=True)
class TaskExecutionLifecycleEvent:
    """A task has ended; told only of runs whose definition names somebody who wants to know.

    `task_index` is its place in the definition.
    """

    kind: ClassVar[str] = "TaskExecutionLifecycleEvent"

    id: str
    tenant: str
    job_request_id: str
    job_execution_id: str
    job_type: str
    job_version: int
    task_index: int
    new_state: str
    user_id: str

    def to_json(self) -> dict[str, Any]:
        """Return it as listeners get it."""
        return asdict(self)


LifecycleEvent = JobExecutionLifecycleEvent | TaskExecutionLifecycleEvent


@dataclass(frozen=True, slots=True)
class Change:
    """Two states of a run, one committed after the other: summaries, and marks of its tasks."""

    tenant: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    announces: str = ""
    version: int = 0
    old_marks: str = ""
    new_marks: str = ""


class RunEnd(NamedTuple):
    """The end of an execution of a run: there is one, and it stays."""

    tenant: str
    request_id: str
    execution_id: str


def end_told_by(event: LifecycleEvent) -> RunEnd | None:
    """Return the end that an event tells of; None when it tells of something else."""
    if isinstance(event, TaskExecutionLifecycleEvent) or event.new_state not in TERMINAL_STATES:
        return None
    return RunEnd(event.tenant, event.job_request_id, event.job_execution_id)


def end_of(run: JobRun) -> RunEnd:
    """Return the end of the current execution of a run that has ended."""
    return RunEnd(run.tenant, run.request_id, run.execution_id)


def event_of_end(run: JobRun) -> JobExecutionLifecycleEvent:
    """Return the event that a run which has ended was told by, or should have been.

    All but `old_state` is as the change had it: a run that was paused counts as at work.
    """
    begun = run.started_at is not None
    return JobExecutionLifecycleEvent(
        id=_job_event_id(run.request_id, run.execution_id, run.state),
        tenant=run.tenant,
        job_request_id=run.request_id,
        job_execution_id=run.execution_id,
        job_type=run.job_type,
        job_version=run.job_version,
        old_state=(RequestState.EXECUTING if begun else RequestState.PENDING).value,
        new_state=run.state.value,
        error_code=run.error_code,
        user_id=run.user_id,
        announces=run.announces,
    )


def events_of(change: Change) -> list[LifecycleEvent]:
    """Return what a change is told as, tasks before the job.

    The ids are the same whenever the same change is told again, so that listeners can drop doubles.
    """
    told: list[LifecycleEvent] = list(_ended_tasks(change))
    job = _state_change(change)
    return told if job is None else [*told, job]


def _state_change(change: Change) -> JobExecutionLifecycleEvent | None:
    """Return the change of the job's state, None when it stayed.

    A restart that has nothing to do ends at once: another execution, in the same state.
    """
    new = change.new
    old_state, new_state = str(change.old.get("job_state", "")), str(new["job_state"])
    ended_again = new_state in TERMINAL_STATES and not _same_execution(change)
    if old_state == new_state and not ended_again:
        return None
    common = _common(change)
    return JobExecutionLifecycleEvent(
        id=_job_event_id(common["job_request_id"], common["job_execution_id"], new_state),
        old_state=old_state,
        new_state=new_state,
        error_code=str(new.get("error_code", "")),
        announces=change.announces,
        **common,
    )


def _job_event_id(request_id: str, execution_id: str, state: str) -> str:
    return f"{request_id}:{execution_id}:{state}"


def _ended_tasks(change: Change) -> list[TaskExecutionLifecycleEvent]:
    common = _common(change)
    execution_id = common["job_execution_id"]
    if Announces.TASKS not in change.announces or not _same_execution(change):
        return []
    pairs = enumerate(zip(change.old_marks, change.new_marks, strict=False))
    return [
        TaskExecutionLifecycleEvent(
            id=f"{change.new['id']}:{execution_id}:{index}:{change.version}:{state}",
            task_index=index,
            new_state=state,
            **common,
        )
        for index, (old, new) in pairs
        if old != new and (state := STATE_OF_MARK.get(TaskMark(new)))
    ]


def _same_execution(change: Change) -> bool:
    return bool(change.old.get("job_execution_id") == change.new.get("job_execution_id"))


def _common(change: Change) -> dict[str, Any]:
    new = change.new
    return {
        "tenant": change.tenant,
        "job_request_id": str(new["id"]),
        "job_execution_id": str(new.get("job_execution_id", "")),
        "job_type": str(new.get("job_type", "")),
        "job_version": int(new.get("job_version", 0)),
        "user_id": str(new.get("user_id", "")),
    }
