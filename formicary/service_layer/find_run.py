"""Finding a run of the caller's tenant."""

from formicary.domain.errors import NotFoundError
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane


def find_run(plane: ControlPlane, caller: Principal, request_id: str) -> JobRun:
    """Return a run; NotFoundError when the tenant has none of that id."""
    run = plane.runs.find(caller.tenant, request_id)
    if run is None:
        raise NotFoundError(f"There is no job request {request_id!r}.")
    return run
