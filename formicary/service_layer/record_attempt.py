"""The outcomes of attempts that an event brings, as they are kept beside the run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from formicary.domain.artifact import Artifact
from formicary.domain.decide import Decision
from formicary.domain.events import Event, TaskFinished
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.object_keys import attempt_prefix
from formicary.domain.records import TaskAttempt
from formicary.domain.run_draft import EndedTask
from formicary.domain.states import STATE_OF_MARK, RequestState
from formicary.domain.task_response import TaskResponse
from formicary.service_layer.dispatch_task import task_execution_id


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, what it brought, and what was decided of it."""

    run: JobRun
    graph: JobGraph
    event: Event
    decision: Decision
    response: TaskResponse | None
    now: datetime
    cause: str


def attempts_of(what: Happening) -> Iterator[TaskAttempt]:
    """Return the outcome that the event reports, and one for every other task that has ended."""
    ended = {task.task.task_type: task for task in what.decision.ended}
    if isinstance(what.event, TaskFinished):
        reported = _reported(what, what.event)
        verdict = ended.pop(what.event.task_type, None)
        late = bool(what.decision.rejected)
        yield reported.model_copy(update={"late": True} if late else _counting(verdict))
    # Where the event begins an execution, it is that one's tasks which have ended with it.
    for end in ended.values():
        yield _synthesized(what.decision.run, what.graph, end, what.now)


def _counting(verdict: EndedTask | None) -> dict[str, object]:
    """Return what the routes made of the outcome: a declared exit code completes a task."""
    if verdict is None:
        return {}
    status = STATE_OF_MARK[verdict.mark]
    if status is RequestState.COMPLETED:
        return {"status": status, "error_code": "", "error_message": ""}
    if not verdict.error_code:
        return {"status": status}
    return {
        "status": status,
        "error_code": verdict.error_code,
        "error_message": verdict.error_message,
    }


def _reported(what: Happening, event: TaskFinished) -> TaskAttempt:
    run, response, now = what.run, what.response, what.now
    node = what.graph.node(event.task_type)
    attempt = TaskAttempt(
        job_request_id=run.request_id,
        job_execution_id=run.execution_id,
        task_type=event.task_type,
        task_index=node.index,
        attempt=event.attempt,
        method=node.method,
        status=event.status,
        exit_code=event.exit_code,
        exit_message=event.exit_message,
        error_code=event.error_code,
        error_message=event.error_message,
        context=dict(event.context),
        ended_at=now,
        started_at=now,
    )
    if response is None:
        return attempt
    artifacts, refused = _own_artifacts(run, event, response.artifacts, now)
    return attempt.model_copy(
        update={
            "failed_command": response.failed_command,
            "ant_id": response.ant_id,
            "ant_host": response.host,
            "artifacts": artifacts,
            "warnings": [*response.warnings, *refused],
            "stdout": response.stdout,
            "cost_factor": response.cost_factor,
            "timings": response.timings,
            "log": response.log,
            "started_at": response.timings.received_at or now,
        }
    )


def _own_artifacts(
    run: JobRun, event: TaskFinished, artifacts: Iterable[Artifact], now: datetime
) -> tuple[list[Artifact], list[str]]:
    """Return the artifacts that lie where this attempt may write, and a warning for each other."""
    prefix = attempt_prefix(
        run.tenant, run.request_id, run.execution_id, event.task_type, event.attempt
    )
    kept: list[Artifact] = []
    warnings: list[str] = []
    for artifact in artifacts:
        if not artifact.key.startswith(prefix) or "/../" in artifact.key:
            warnings.append(f"artifact {artifact.name!r} lies outside its attempt and was refused")
            continue
        seconds = float(artifact.metadata.get("expires_after_seconds") or 0)
        kept.append(
            artifact.model_copy(
                update={
                    "job_request_id": run.request_id,
                    "job_execution_id": run.execution_id,
                    "task_execution_id": task_execution_id(run.execution_id, event.task_type),
                    "task_type": event.task_type,
                    "user_id": run.user_id,
                    "created_at": artifact.created_at or now,
                    "expires_at": artifact.expires_at
                    or (now + timedelta(seconds=seconds) if seconds else None),
                }
            )
        )
    return kept, warnings


def _synthesized(run: JobRun, graph: JobGraph, end: EndedTask, now: datetime) -> TaskAttempt:
    """Return the outcome of a task that no ant reported: forks, waits, what was cancelled."""
    node = graph.node(end.task.task_type)
    return TaskAttempt(
        job_request_id=run.request_id,
        job_execution_id=run.execution_id,
        task_type=end.task.task_type,
        task_index=node.index,
        attempt=end.task.attempt,
        method=node.method,
        status=STATE_OF_MARK[end.mark],
        exit_code=end.exit_code,
        error_code=end.error_code,
        error_message=end.error_message,
        ant_id=end.task.ant_id,
        ant_host=end.task.ant_host,
        assumed=True,
        started_at=end.task.started_at or end.task.activated_at,
        ended_at=now,
    )
