"""What of a job type outlives a new version, the same for every repository."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from formicary.domain.records import JobTypeRecord


def kept_concurrency(before: JobTypeRecord | None, summary: Mapping[str, Any]) -> int | None:
    """Return the concurrency set by the API, unless the new text sets one."""
    return None if before is None or summary.get("max_concurrency") else before.concurrency


def changed_type(
    record: JobTypeRecord, disabled: bool | None, concurrency: int | None
) -> JobTypeRecord:
    """Return the record with what is told changed."""
    return replace(
        record,
        disabled=record.disabled if disabled is None else disabled,
        concurrency=record.concurrency if concurrency is None else concurrency,
    )


def published_by_another(job_type: str) -> str:
    """Say that the name of a public plugin is taken."""
    return f"{job_type!r} is a public plugin of another organization; choose another name."
