"""How long a request may have to wait: its place, what holds it back, a guess from history."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from formicary.domain.gates import Gate, wanted
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.records import Principal
from formicary.domain.states import RequestState
from formicary.service_layer.admission import MAX_LOOK, applicant_of
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.waiting_reasons import waiting_reasons

_HISTORY = 20


class WaitEstimate(BaseModel):
    """What is known of how long a request waits."""

    job_request_id: str
    job_type: str
    job_state: RequestState
    scheduled_at: datetime
    why: list[str] = Field(description="What holds it back; empty when nothing does")
    queue_number: int = Field(description="How many are before it in the longest line; 100 at most")
    pending_job_ids: list[str] = Field(description="The first of those before it")
    average_run_seconds: float | None = Field(
        description="Mean of the last completed runs of the type; null without any"
    )
    estimated_wait: float | None = Field(
        description="Seconds until it may begin, a guess from history; null when there is none"
    )


def wait_time(plane: ControlPlane, caller: Principal, request_id: str) -> WaitEstimate:
    """Tell how long a request may still have to wait."""
    run = find_run(plane, caller, request_id)
    pinned = plane.parsed.find(run.defined_by, run.job_type, run.job_version)
    ahead, gate = _longest_line(plane, run)
    average = _average(plane, run)
    return WaitEstimate(
        job_request_id=run.request_id,
        job_type=run.job_type,
        job_state=run.state,
        scheduled_at=run.scheduled_at,
        why=waiting_reasons(plane, run, pinned.parsed if pinned else None),
        queue_number=len(ahead),
        pending_job_ids=ahead[:_HISTORY],
        average_run_seconds=average,
        estimated_wait=_estimate(plane, run, len(ahead), gate, average),
    )


def _longest_line(plane: ControlPlane, run: JobRun) -> tuple[list[str], Gate | None]:
    longest: tuple[list[str], Gate | None] = ([], None)
    if run.phase is not Phase.WAITING:
        return longest
    rank = applicant_of(run, run.stint).rank
    for claim in wanted(run.gates):
        gate = plane.gates.find(run.tenant, claim.gate)
        if gate is None or gate.free >= claim.amount:
            continue
        line = plane.gates.line(run.tenant, claim.gate, MAX_LOOK, before=rank)
        if longest[1] is None or len(line) > len(longest[0]):
            longest = ([who.request_id for who in line], gate)
    return longest


def _average(plane: ControlPlane, run: JobRun) -> float | None:
    found = plane.runs.list_runs(
        run.tenant, job_type=run.job_type, states=(RequestState.COMPLETED,), limit=_HISTORY
    )
    return _mean(found.records)


def _mean(runs: Sequence[JobRun]) -> float | None:
    spans = [
        (run.ended_at - run.started_at).total_seconds()
        for run in runs
        if run.started_at and run.ended_at
    ]
    return round(sum(spans) / len(spans), 3) if spans else None


def _estimate(
    plane: ControlPlane, run: JobRun, ahead: int, gate: Gate | None, average: float | None
) -> float | None:
    """Guess: those that run are half done on average, and each slot is taken by one after another.

    https://en.wikipedia.org/wiki/Renewal_theory#Residual_life_time
    """
    if run.phase is not Phase.WAITING or run.state.terminal:
        return 0.0
    scheduled = max(0.0, (run.scheduled_at - plane.clock.now()).total_seconds())
    if gate is None:
        return round(scheduled, 3)
    if average is None or gate.limit <= 0:
        return None
    rounds = ahead // gate.limit
    return round(scheduled + average * (rounds + 0.5), 3)
