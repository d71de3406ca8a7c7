"""Cancelling a run: a wish that is sent to the engine, which alone moves runs."""

from formicary.domain.events import CancelRequested
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.domain.wishes import Verb
from formicary.service_layer.ask_run import Request, ask_run, refuse_ending
from formicary.service_layer.control_plane import ControlPlane


def cancel_job(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """Ask for the end of a run and return it as it stands; ConflictError when it is ending."""

    def event_for(run: JobRun) -> CancelRequested:
        refuse_ending(run, Verb.CANCEL)
        return CancelRequested(f"cancelled by {caller.user_id or 'a user'}")

    return ask_run(plane, caller, request_id, Request(Verb.CANCEL, event_for))
