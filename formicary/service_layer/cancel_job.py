"""Cancelling a run: a wish that is sent to the engine, which alone moves runs."""

from formicary.domain.events import CancelRequested
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.pause_job import refuse_ending
from formicary.service_layer.send_event import send_event


def cancel_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """Ask for the end of a run and return it as it stands; ConflictError when it is ending."""
    run = find_run(plane, caller, request_id)
    refuse_ending(run, "cancelled")
    send_event(plane, run, CancelRequested(f"cancelled by {caller.user_id or 'a user'}"))
    return run
