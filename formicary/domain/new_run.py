"""The first state of a run, the same for a request by a user, a fork and a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from formicary.domain.gates import Claim
from formicary.domain.job_run import JobRun, Occurrence, ParentLink, execution_id
from formicary.domain.states import ChildMark, TaskMark


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """What is asked for: the job, pinned to a version of `size` tasks, and how to run it."""

    tenant: str
    user_id: str
    job_type: str
    job_version: int
    size: int
    params: Mapping[str, Any] = field(default_factory=dict)
    scheduled_at: datetime | None = None
    user_key: str = ""
    description: str = ""
    platform: str = ""
    job_group: str = ""
    job_priority: int = 0
    parent: ParentLink | None = None
    depth: int = 0
    gates: tuple[Claim, ...] = ()
    definition_tenant: str = ""
    occurrence: Occurrence | None = None
    announces: str = ""


def new_run(order: RunOrder, request_id: str, key: str, now: datetime) -> JobRun:
    """Return the run in state PENDING, with nothing begun."""
    return JobRun(
        tenant=order.tenant,
        request_id=request_id,
        execution_id=execution_id(now, request_id, 0),
        job_type=order.job_type,
        job_version=order.job_version,
        key=key,
        created_at=now,
        scheduled_at=order.scheduled_at or now,
        submitted_for=order.scheduled_at,
        marks=TaskMark.NOT_RUN * order.size,
        children=ChildMark.NONE * order.size,
        forks="0" * order.size,
        origins="0" * order.size,
        params=order.params,
        parent=order.parent,
        depth=order.depth,
        gates=order.gates,
        definition_tenant=order.definition_tenant,
        occurrence=order.occurrence,
        announces=order.announces,
        user_id=order.user_id,
        user_key=order.user_key,
        description=order.description,
        platform=order.platform,
        job_group=order.job_group,
        job_priority=order.job_priority,
        updated_at=now,
    )
