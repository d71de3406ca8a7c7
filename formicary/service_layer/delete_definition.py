"""Deleting a job type. Runs that are under way keep the version they are pinned to."""

from formicary.domain.records import Principal
from formicary.service_layer.apply_schedule import apply_schedule
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_definition import split_reference, unknown_job_type


def delete_definition(plane: ControlPlane, caller: Principal, reference: str) -> None:
    """Delete the job type that an id or a name means."""
    job_type, number = split_reference(reference)
    record = plane.definitions.find_type(caller.tenant, job_type)
    if record is None:
        # A deletion that broke off below is repaired by the next.
        apply_schedule(plane, caller.tenant, job_type)
        raise unknown_job_type(plane, caller.tenant, job_type)
    if number is not None:
        plane.parsed.get(caller.tenant, job_type, number)
    plane.definitions.delete_type(caller.tenant, job_type)
    apply_schedule(plane, caller.tenant, job_type)
