"""Listing job types."""

from formicary.domain.records import JobTypeRecord, Page, Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.paging import PageRequest


def list_definitions(
    plane: ControlPlane, caller: Principal, request: PageRequest, job_type: str | None = None
) -> Page[JobTypeRecord]:
    """Return a page of the tenant's job types by name, or the one of that name."""
    if job_type is None:
        return plane.definitions.list_types(
            caller.tenant, offset=request.offset, limit=request.page_size, token=request.token
        )
    record = plane.definitions.find_type(caller.tenant, job_type)
    found = (record,) if record else ()
    return Page(found if request.page == 0 else (), len(found))
