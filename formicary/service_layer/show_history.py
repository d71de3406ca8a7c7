"""The history of a run as the API shows it: what was applied, what came late, what was refused."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from formicary.domain.errors import InvalidRequestError
from formicary.domain.job_run import JobRun
from formicary.domain.messages import fields_of_event
from formicary.domain.records import Page, Principal, TaskAttempt
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.paging import PageRequest
from formicary.service_layer.replay_history import recorded_history


class HistoryRecord(BaseModel):
    """One thing that happened to a run.

    `verdict` is applied, late, duplicate, refused or forged; only what was applied changed the
    run, and has the `version` that it led to.
    """

    at: datetime
    kind: str
    verdict: str
    version: int | None = None
    event: dict[str, Any] = Field(default_factory=dict)
    reason: str = ""
    by: str = ""


def show_history(
    plane: ControlPlane, caller: Principal, request_id: str, page: PageRequest
) -> Page[HistoryRecord]:
    """Return a page of a run's history, the oldest first. All items of the run are read."""
    run = find_run(plane, caller, request_id)
    records = [_applied(plane, run), _late(plane, run), _noted(plane, run)]
    ordered = sorted((r for some in records for r in some), key=lambda r: (r.at, r.version or 0))
    start = _offset(page)
    end = start + page.page_size
    token = str(end) if end < len(ordered) else None
    return Page(tuple(ordered[start:end]), len(ordered), token)


def _offset(page: PageRequest) -> int:
    if page.token is None:
        return page.offset
    if not page.token.isdigit() or len(page.token) > 9:
        raise InvalidRequestError("`token` is not one that this list has given.")
    return int(page.token)


def _applied(plane: ControlPlane, run: JobRun) -> list[HistoryRecord]:
    return [
        HistoryRecord(
            at=entry.at,
            kind=type(entry.event).__name__,
            verdict="applied",
            version=entry.version,
            event=fields_of_event(entry.event),
        )
        for entry in recorded_history(plane.runs, run)
    ]


def _late(plane: ControlPlane, run: JobRun) -> list[HistoryRecord]:
    executions = [*plane.runs.archived(run.tenant, run.request_id), run]
    return [
        _late_report(attempt)
        for execution in executions
        for attempt in plane.runs.attempts(run.tenant, run.request_id, execution.execution_id)
        if attempt.late
    ]


def _late_report(attempt: TaskAttempt) -> HistoryRecord:
    told = {"task_type": attempt.task_type, "attempt": attempt.attempt, "status": attempt.status}
    return HistoryRecord(
        at=attempt.ended_at,
        kind="TaskFinished",
        verdict="late",
        event=told | ({"exit_code": attempt.exit_code} if attempt.exit_code else {}),
        reason="the attempt was no longer the current one",
        by=attempt.ant_id,
    )


def _noted(plane: ControlPlane, run: JobRun) -> list[HistoryRecord]:
    return [
        HistoryRecord(
            at=note.at,
            kind=note.kind,
            verdict=note.verdict,
            event=_subject(note.subject),
            reason=note.reason,
            by=note.by,
        )
        for note in plane.runs.notes(run.tenant, run.request_id)
    ]


def _subject(subject: str) -> dict[str, Any]:
    task_type, _, attempt = subject.rpartition(":")
    return {"task_type": task_type, "attempt": attempt} if task_type else {}
