"""Dataclasses as lists of their fields, trailing defaults cut: `["build",2,"executing"]`.

The order is the stored form, so it is written down here, not taken from the class: append only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from formicary.adapters.run_summary import time_text
from formicary.domain.commands import (
    AcquireSlots,
    CancelChild,
    CancelItems,
    CancelTask,
    DispatchTask,
    ForkItems,
    ForkJob,
    NotifyParent,
    PlanNext,
    ReleaseSlots,
    ReturnLease,
    StartTimer,
)
from formicary.domain.events import (
    BatchDue,
    CancelDue,
    CancelRequested,
    ChildFinished,
    ChildForked,
    ChildrenFinished,
    ItemsForked,
    ItemsListed,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    SlotFreed,
    SlotsGranted,
    TaskFinished,
    TaskLost,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TriggerRequested,
)
from formicary.domain.gates import Claim
from formicary.domain.history import HistoryNote
from formicary.domain.job_run import ActiveTask, Failure, Fan, Occurrence, ParentLink
from formicary.domain.wishes import Wish

T = TypeVar("T")

STORED_ORDER: Mapping[type[Any], tuple[str, ...]] = {
    ActiveTask: (
        "task_type",
        "attempt",
        "state",
        "activated_at",
        "message_attempt",
        "failures",
        "losses",
        "restarts",
        "started_at",
        "ant_id",
        "ant_host",
        "delivery",
        "dispatched_at",
    ),
    Failure: ("task_type", "exit_code", "error_code", "error_message", "fatal", "retries"),
    ParentLink: ("request_id", "execution_id", "task_type", "proof", "item"),
    Fan: (
        "total",
        "listing",
        "max_parallel",
        "forked",
        "completed",
        "failed",
        "cancelled",
        "failures",
        "resumed",
    ),
    DispatchTask: ("task_type", "attempt", "again"),
    ForkJob: ("task_type", "attempt", "child_request_id"),
    ForkItems: ("task_type", "attempt", "index", "fork", "begin"),
    StartTimer: ("timer", "fire_at", "task_type", "attempt"),
    CancelTask: ("task_type", "attempt"),
    CancelChild: ("child_request_id",),
    CancelItems: ("index", "fork", "begin", "end"),
    NotifyParent: (),
    AcquireSlots: ("stint", "waited"),
    ReleaseSlots: ("stint",),
    PlanNext: (),
    ReturnLease: ("task_type", "stint"),
    Occurrence: ("serial", "fire_at", "missing", "only_in_time", "fault"),
    Claim: ("gate", "amount", "limit", "lease_seconds"),
    JobSubmitted: (),
    SlotFreed: ("stint", "by", "task_type"),
    SlotsGranted: ("stint",),
    TaskStarted: ("task_type", "attempt", "ant_id", "ant_host", "started_at"),
    TaskFinished: (
        "task_type",
        "attempt",
        "status",
        "exit_code",
        "error_code",
        "exit_message",
        "error_message",
        "context",
        "action",
        "action_retry",
    ),
    TaskRedelivered: ("task_type", "attempt", "ant_id", "delivery"),
    TaskLost: ("task_type", "attempt"),
    ChildForked: ("task_type", "attempt", "child_request_id"),
    ItemsListed: ("task_type", "attempt", "total", "listing", "max_parallel"),
    BatchDue: ("task_type", "attempt", "fork", "begin"),
    ItemsForked: ("task_type", "attempt", "fork", "begin", "end"),
    CancelDue: ("index", "fork", "begin", "end"),
    ChildFinished: (
        "task_type",
        "child_request_id",
        "state",
        "error_code",
        "error_message",
        "item",
    ),
    ChildrenFinished: ("task_type", "fork", "completed", "failed", "cancelled", "failures"),
    TimerFired: ("timer", "task_type", "attempt", "fire_at", "once"),
    CancelRequested: ("reason", "unbegun"),
    RestartRequested: ("hard", "from_task", "job_version"),
    PauseRequested: ("now", "after"),
    ResumeRequested: ("hold",),
    TriggerRequested: (),
    Wish: ("verb", "at", "options", "fence", "by"),
    HistoryNote: ("at", "verdict", "kind", "reason", "subject", "by"),
}


def _default(field: dataclasses.Field[Any]) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


_DEFAULTS: Mapping[type[Any], Mapping[str, Any]] = {
    kind: {field.name: _default(field) for field in dataclasses.fields(kind)}
    for kind in STORED_ORDER
}
# Made when first needed: a cold start uses few of them.
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def to_row(record: Any) -> list[Any]:
    """Return the values of a dataclass in their stored order."""
    names = STORED_ORDER[type(record)]
    defaults = _DEFAULTS[type(record)]
    row = [_plain(getattr(record, name)) for name in names]
    while row and row[-1] == defaults.get(names[len(row) - 1], dataclasses.MISSING):
        row.pop()
    return row


def from_row(kind: type[T], row: Sequence[Any]) -> T:
    """Return the dataclass that a row was made of; a field that it lacks has its default."""
    adapter: TypeAdapter[T] = _adapter(kind)
    return adapter.validate_python(dict(zip(STORED_ORDER[kind], row, strict=False)))


def _plain(value: Any) -> Any:
    return time_text(value) if isinstance(value, datetime) else value


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
