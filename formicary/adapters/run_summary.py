"""What lists show of a run, as a flat map, and the run that can be read back from it.

Invariant: nothing in it changes while the state of the job stays, so that a commit in the middle of
a job does not touch the index behind the lists. Empty values are left out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from formicary.domain.job_run import JobRun, ParentLink, Phase
from formicary.domain.states import RequestState

MAX_TEXT = 256
# Field of the summary -> field of the run, where nothing needs converting.
PLAIN_FIELDS = {
    "id": "request_id",
    "job_execution_id": "execution_id",
    "last_job_execution_id": "last_execution_id",
    "job_type": "job_type",
    "job_version": "job_version",
    "job_group": "job_group",
    "job_priority": "job_priority",
    "user_id": "user_id",
    "user_key": "user_key",
    "platform": "platform",
    "retried": "retried",
    "error_code": "error_code",
}
TEXT_FIELDS = ("description", "error_message")
_ALWAYS = ("id", "job_version")
TIME_FIELDS = ("created_at", "scheduled_at", "started_at", "ended_at")


def time_text(moment: datetime) -> str:
    """Write a moment in UTC, to the millisecond when that is exact."""
    precision = "auto" if moment.microsecond % 1000 else "milliseconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def summary_of(run: JobRun) -> dict[str, str | int]:
    """Return the summary of a run, long texts cut."""
    summary: dict[str, Any] = {name: getattr(run, field) for name, field in PLAIN_FIELDS.items()}
    summary["job_state"] = run.state.value
    summary["parent_id"] = run.parent.request_id if run.parent else ""
    for name in TEXT_FIELDS:
        summary[name] = getattr(run, name)[:MAX_TEXT]
    for name in TIME_FIELDS:
        moment = getattr(run, name)
        summary[name] = time_text(moment) if moment else ""
    if summary["scheduled_at"] == summary["created_at"]:
        del summary["scheduled_at"]
    return {
        name: value for name, value in summary.items() if value or name in ("id", "job_version")
    }


def fields_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a run that a summary knows (all but `parent`)."""
    fields = {field: summary[name] for name, field in PLAIN_FIELDS.items() if name in summary}
    fields.update({name: summary[name] for name in TEXT_FIELDS if name in summary})
    fields.update(
        {name: datetime.fromisoformat(summary[name]) for name in TIME_FIELDS if name in summary}
    )
    fields.setdefault("scheduled_at", fields["created_at"])
    fields["state"] = RequestState(summary["job_state"])
    return fields


def listed_run(tenant: str, summary: Mapping[str, Any]) -> JobRun:
    """Return the run as lists show it: no key, marks, params or version."""
    fields: dict[str, Any] = {"execution_id": "", "job_type": "", **fields_of(summary)}
    parent = summary.get("parent_id", "")
    return JobRun(
        tenant=tenant,
        key="",
        phase=Phase.ENDED if fields["state"].terminal else Phase.WAITING,
        parent=ParentLink(parent, "", "", "") if parent else None,
        updated_at=fields.get("ended_at") or fields.get("started_at") or fields["created_at"],
        **fields,
    )
