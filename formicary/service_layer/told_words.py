"""The words and documents by which an ending is told, and what of them may be shown."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from formicary.domain.job_run import JobRun
from formicary.domain.letter import Story
from formicary.domain.lifecycle_event import (
    SOURCE,
    JobExecutionLifecycleEvent,
    TaskExecutionLifecycleEvent,
)
from formicary.domain.notification import Ending
from formicary.domain.records import TaskAttempt
from formicary.domain.states import RequestState

MAX_MESSAGE = 1000
_SHORTEST_SECRET = 4


def shown_target(target: str, secrets: Iterable[str] = ()) -> str:
    """Return what may be shown of a recipient: of a URL its host, since a path may be a key."""
    if "://" not in target:
        return hidden(target, secrets)
    try:
        parts = urlsplit(target)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "****"
    return hidden(f"{parts.scheme}://{parts.hostname}{port}/...", secrets)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "****")
    return text


def story_of(run: JobRun, state: RequestState, base_url: str, *, fixed: bool) -> Story:
    """Return what people are told of a run that has ended."""
    failed = state is not RequestState.COMPLETED
    return Story(
        job_type=run.job_type,
        request_id=run.request_id,
        state=state,
        fixed=fixed,
        description=run.description,
        user_id=run.user_id,
        task_type=run.failure.task_type if failed and run.failure else "",
        exit_code=run.exit_code if failed else "",
        error_code=run.error_code if failed else "",
        error_message=run.error_message[:MAX_MESSAGE] if failed else "",
        started_at=_time(run.started_at),
        ended_at=_time(run.ended_at),
        duration=_duration(run),
        link=f"{base_url.rstrip('/')}/api/jobs/requests/{run.request_id}" if base_url else "",
    )


def document_of(
    ending: Ending, run: JobRun, task_type: str, attempt: TaskAttempt | None
) -> dict[str, Any]:
    """Return the lifecycle event that a webhook is sent: no params, no context."""
    common = {
        "id": f"{ending.job_request_id}:{ending.key}",
        "source": SOURCE,
        "user_id": run.user_id,
        "job_request_id": run.request_id,
        "job_type": run.job_type,
        "job_version": run.job_version,
        "job_execution_id": run.execution_id,
    }
    if not task_type:
        return common | {
            "event_type": JobExecutionLifecycleEvent.kind,
            "created_at": _time(run.ended_at),
            "job_state": ending.state,
            "job_priority": run.job_priority,
            "exit_code": run.exit_code,
            "error_code": run.error_code,
            "error_message": run.error_message[:MAX_MESSAGE],
            "started_at": _time(run.started_at),
            "ended_at": _time(run.ended_at),
        }
    return common | {
        "event_type": TaskExecutionLifecycleEvent.kind,
        "created_at": _time(attempt.ended_at if attempt else run.updated_at),
        "task_execution_id": f"{run.execution_id}:{task_type}",
        "task_type": task_type,
        "task_state": ending.state,
        "exit_code": attempt.exit_code if attempt else "",
        "error_code": attempt.error_code if attempt else "",
        "error_message": attempt.error_message[:MAX_MESSAGE] if attempt else "",
        "ant_id": attempt.ant_id if attempt else "",
    }


def _time(moment: datetime | None) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else ""
    return text.replace("+00:00", "Z")


def _duration(run: JobRun) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    seconds = max(0, int((run.ended_at - run.started_at).total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"
