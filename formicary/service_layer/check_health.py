"""Whether the control plane can do its work: one cheap read tells."""

from pydantic import BaseModel

from formicary import __version__
from formicary.domain.errors import UnavailableError
from formicary.service_layer.control_plane import ControlPlane

_NOBODYS_TOKEN = "health"  # noqa: S105 - not a hash, so never a token's


class ServiceStatus(BaseModel):
    """How something is that the control plane depends on."""

    service: str
    healthy: bool


class Health(BaseModel):
    """How the control plane is; `http_function` tells that HTTP tasks need no ant."""

    overall_status: str
    version: str
    http_function: bool = False
    dependent_service_statuses: list[ServiceStatus]


def check_health(plane: ControlPlane) -> Health:
    """Return how the control plane and its table are."""
    try:
        plane.tokens.find(_NOBODYS_TOKEN)
        healthy = True
    except UnavailableError:
        healthy = False
    return Health(
        overall_status="HEALTHY" if healthy else "UNHEALTHY",
        version=__version__,
        http_function=plane.ant_environment.http_function,
        dependent_service_statuses=[ServiceStatus(service="table", healthy=healthy)],
    )
