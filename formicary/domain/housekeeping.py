"""Housekeeping: its chores, and what is old enough to go. Pure: records and a moment decide."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from formicary.domain.artifact import Artifact
from formicary.domain.job_definition import JobDefinition
from formicary.domain.job_run import JobRun
from formicary.domain.states import RequestState
from formicary.domain.sweep import Stall


class HouseStep(StrEnum):
    """What is done for a tenant, in this order.

    Schedules come before runs go: their last occurrence tells how far they are. Of runs that have
    ended and were never told of, the event bus is told before any goes. Retired runs are out of all
    lists and nobody can restart them; their remains go afterwards.
    """

    EXPIRE_ARTIFACTS = "expire_artifacts"
    SWEEP_SCHEDULES = "sweep_schedules"
    RETIRE_RUNS = "retire_runs"
    REMOVE_REMAINS = "remove_remains"
    SWEEP = "sweep"
    SWEEP_CHILDREN = "sweep_children"
    SWEEP_GATES = "sweep_gates"


_STEPS = tuple(HouseStep)


class Chore(BaseModel):
    """A bounded piece of work for one tenant; doing it answers with the one that follows.

    `page` is where a step goes on; the numbers count what was removed, and what was mended by kind,
    so far. `messages` is what the sweep has not yet accounted for of the messages of each task
    queue, as they were at `counted_at`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str = Field(min_length=1)
    step: HouseStep = HouseStep.EXPIRE_ARTIFACTS
    page: str = ""
    expired: int = 0
    retired: int = 0
    mended: Mapping[str, int] = Field(default_factory=dict)
    messages: Mapping[str, int] = Field(default_factory=dict)
    counted_at: datetime | None = None
    done: bool = False

    def go_on(self, page: str | None, **more: int) -> "Chore":
        """Return the chore that follows: the same step from a page on, or without one the next."""
        counts: dict[str, Any] = {name: getattr(self, name) + n for name, n in more.items()}
        if page:
            return self.model_copy(update={"page": page, **counts})
        place = _STEPS.index(self.step) + 1
        if place == len(_STEPS):
            return self.model_copy(update={"page": "", "done": True, **counts})
        return self.model_copy(update={"page": "", "step": _STEPS[place], **counts})

    def having_mended(self, found: Mapping[str, int]) -> "Chore":
        """Return it with what was found to stand still, and moved, added up."""
        mended = {**self.mended}
        for kind, number in found.items():
            mended[kind] = mended.get(kind, 0) + number
        return self.model_copy(update={"mended": mended})

    def told(self) -> dict[str, Any]:
        """Return what the log tells of a tenant whose chores are done, the zeros too."""
        mended = {kind.value: self.mended.get(kind.value, 0) for kind in Stall}
        total = sum(mended.values())
        counts = {"expired": self.expired, "retired": self.retired}
        return {"tenant": self.tenant, **counts, "mended": total, **mended}


class TenantsPage(BaseModel):
    """Some tenants by name; `after` is where the next ones begin, empty when these are the last."""

    tenants: list[str]
    after: str = ""


class DeadLettersSent(BaseModel):
    """How many events were sent on that had failed too often, and whether there may be more."""

    sent_on: int
    more: bool


def is_expired(artifact: Artifact, now: datetime) -> bool:
    """Whether the time of an artifact has passed."""
    return artifact.expires_at is not None and artifact.expires_at <= now


def retention_days(definition: JobDefinition, state: RequestState) -> int:
    """Return for how many days a run that ended in this state is kept; 0 for ever."""
    days = {
        RequestState.COMPLETED: definition.retention_days_for_completed,
        RequestState.FAILED: definition.retention_days_for_failed,
        RequestState.CANCELLED: definition.retention_days_for_cancelled,
    }
    return days.get(state, 0)


def is_overdue(run: JobRun, definition: JobDefinition, now: datetime) -> bool:
    """Whether a run has been over for longer than its definition keeps it."""
    days = retention_days(definition, run.state)
    ended = run.ended_at
    return days > 0 and ended is not None and now - ended > timedelta(days=days)
