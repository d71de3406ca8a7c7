"""Pausing, resuming and triggering a run: wishes that are sent to the engine.

A wish names the pause that it is about, so that of two at once one counts and the other comes to
nothing.
"""

from formicary.domain.events import PauseRequested, ResumeRequested, TriggerRequested
from formicary.domain.job_run import Hold, JobRun, Phase
from formicary.domain.records import Principal
from formicary.domain.wishes import Verb
from formicary.service_layer.ask_run import Request, ask_run, conflict, refuse_ending
from formicary.service_layer.control_plane import ControlPlane


def pause_job(
    plane: ControlPlane, caller: Principal, request_id: str, *, now: bool = False
) -> JobRun:
    """Hold a run until it is resumed; ConflictError when it is ending, or paused already."""

    def event_for(run: JobRun) -> PauseRequested:
        refuse_ending(run, Verb.PAUSE)
        if run.hold is Hold.USER:
            raise conflict(run, "is paused already; resume it to have it go on")
        return PauseRequested(now=now, after=run.holds)

    return ask_run(plane, caller, request_id, Request(Verb.PAUSE, event_for, "now" if now else ""))


def resume_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """End the pause of a run; ConflictError when it is not paused."""
    return ask_run(plane, caller, request_id, Request(Verb.RESUME, _resume))


def _resume(run: JobRun) -> ResumeRequested:
    refuse_ending(run, Verb.RESUME)
    if not run.hold:
        raise conflict(run, f"is {run.state}, not paused")
    return ResumeRequested(hold=run.holds)


def trigger_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """Run a scheduled request, or the retry that a job waits for, now."""
    return ask_run(plane, caller, request_id, Request(Verb.TRIGGER, _trigger))


def _trigger(run: JobRun) -> TriggerRequested:
    if run.phase not in (Phase.WAITING, Phase.RETRYING):
        raise conflict(run, f"is {run.state}; only one that waits for its time can be triggered")
    if run.hold:
        raise conflict(run, "is paused; resume it first")
    return TriggerRequested()
