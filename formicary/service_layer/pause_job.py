"""Pausing, resuming and triggering a run: wishes that are sent to the engine.

A wish names the pause that it is about, so that of two at once one counts and the other comes to
nothing.
"""

from formicary.domain.errors import ConflictError
from formicary.domain.events import PauseRequested, ResumeRequested, TriggerRequested
from formicary.domain.job_run import Hold, JobRun, Phase
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.send_event import send_event


def pause_job(
    plane: ControlPlane, caller: Principal, request_id: str, *, now: bool = False
) -> JobRun:
    """Hold a run until it is resumed; ConflictError when it is ending, or paused already."""
    run = find_run(plane, caller, request_id)
    refuse_ending(run, "paused")
    if run.hold is Hold.USER:
        raise _conflict(run, "is paused already; resume it to have it go on")
    send_event(plane, run, PauseRequested(now=now, after=run.holds))
    return run


def resume_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """End the pause of a run; ConflictError when it is not paused."""
    run = find_run(plane, caller, request_id)
    refuse_ending(run, "resumed")
    if not run.hold:
        raise _conflict(run, f"is {run.state}, not paused")
    send_event(plane, run, ResumeRequested(hold=run.holds))
    return run


def trigger_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """Run a scheduled request, or the retry that a job waits for, now."""
    run = find_run(plane, caller, request_id)
    if run.phase not in (Phase.WAITING, Phase.RETRYING):
        raise _conflict(run, f"is {run.state}; only one that waits for its time can be triggered")
    if run.hold:
        raise _conflict(run, "is paused; resume it first")
    send_event(plane, run, TriggerRequested())
    return run


def refuse_ending(run: JobRun, verb: str) -> None:
    """Raise ConflictError for a run that has ended, or that only cleans up."""
    if run.phase is Phase.ENDED:
        raise _conflict(run, f"has ended already: it is {run.state}")
    if run.phase is Phase.FINALIZING:
        how = f"will be {run.outcome}"
        raise _conflict(run, f"is ending ({how}) and cannot be {verb} any more")


def _conflict(run: JobRun, what: str) -> ConflictError:
    return ConflictError(f"The job request {what}.", job_state=str(run.state))
