"""The outcome of an attempt as one attribute, so small that most cost one write unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from formicary.adapters.aws.items import pack, unpack
from formicary.domain.records import TaskAttempt
from formicary.domain.task_response import TaskResponseTimings

# Their order is the stored form: append only.
TIMINGS = (
    "received_at",
    "pod_started_at",
    "pre_script_finished_at",
    "dependent_artifacts_downloaded_at",
    "script_finished_at",
    "post_script_finished_at",
    "artifacts_uploaded_at",
    "pod_shutdown_at",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAX_BYTES = 300_000
_TOO_LARGE = "The outcome was too large to keep: output, context and artifacts were left out here."


def encode_attempt(attempt: TaskAttempt) -> str | bytes:
    """Return the outcome packed; run and execution are in the item's key."""
    packed = _packed(attempt)
    if len(packed) <= _MAX_BYTES:
        return packed
    log = attempt.log.model_copy(update={"inline": "", "truncated": True})
    cut = {"log": log, "stdout": [], "warnings": [_TOO_LARGE], "context": {}, "artifacts": []}
    return _packed(attempt.model_copy(update=cut))


def decode_attempt(request_id: str, execution_id: str, packed: str | bytes) -> TaskAttempt:
    """Return the outcome that was packed."""
    fields = unpack(packed)
    if "timings" in fields:
        fields["timings"] = _read_timings(fields["timings"])
    return TaskAttempt(job_request_id=request_id, job_execution_id=execution_id, **fields)


def _packed(attempt: TaskAttempt) -> str | bytes:
    fields = attempt.model_dump(
        mode="json",
        exclude_defaults=True,
        exclude={"job_request_id", "job_execution_id", "timings"},
    )
    timings = _timings(attempt.timings)
    return pack({**fields, "timings": timings} if timings else fields)


def _timings(timings: TaskResponseTimings) -> list[int | None]:
    """Return microseconds: the first since 1970, the others since the first."""
    row: list[int | None] = []
    first = 0
    for name in TIMINGS:
        moment = getattr(timings, name)
        value = None if moment is None else _microseconds(moment) - first
        first = first or value or 0
        row.append(value)
    return row if first else []


def _read_timings(row: list[int | None]) -> Mapping[str, Any]:
    timings: dict[str, datetime | None] = {}
    first = 0
    for name, value in zip(TIMINGS, row, strict=False):
        timings[name] = None if value is None else _EPOCH + (first + value) * _MICROSECOND
        first = first or value or 0
    return timings


def _microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND
