"""Restarting a run that has ended: a wish that is sent to the engine."""

from formicary.domain.errors import ConflictError
from formicary.domain.events import RestartRequested
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.send_event import send_event


def restart_job(
    plane: ControlPlane, caller: Principal, request_id: str, *, hard: bool = False
) -> JobRun:
    """Have what did not complete run again (all of it when `hard`); ConflictError while it runs."""
    run = find_run(plane, caller, request_id)
    if not run.state.terminal:
        raise ConflictError(
            f"The job request is {run.state}; only one that has ended can be restarted.",
            job_state=str(run.state),
        )
    send_event(plane, run, RestartRequested(hard=hard))
    return run
