"""Cancelling a run: a wish that is sent to the engine, which alone moves runs."""

from formicary.domain.errors import ConflictError
from formicary.domain.events import CancelRequested
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.send_event import send_event


def cancel_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """Ask for the end of a run and return it as it stands; ConflictError when it has ended."""
    run = find_run(plane, caller, request_id)
    if run.state.terminal:
        raise ConflictError(
            f"The job request has ended already: it is {run.state}.", job_state=str(run.state)
        )
    send_event(plane, run, CancelRequested(f"cancelled by {caller.user_id or 'a user'}"))
    return run
