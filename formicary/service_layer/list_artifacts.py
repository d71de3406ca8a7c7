"""Listing artifacts."""

from collections.abc import Mapping

from formicary.domain.artifact import Artifact
from formicary.domain.records import Page, Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.paging import PageRequest


def list_artifacts(
    plane: ControlPlane, caller: Principal, request: PageRequest, filters: Mapping[str, str | None]
) -> Page[Artifact]:
    """Return a page of the tenant's artifacts, the newest first; empty filters do not count."""
    return plane.runs.list_artifacts(
        caller.tenant,
        filters={name: value for name, value in filters.items() if value},
        offset=request.offset,
        limit=request.page_size,
        token=request.token,
    )
