"""Asking an ant to go: it takes no more tasks, ends those that run, and stops."""

from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.list_ants import AntView, find_ant
from formicary.service_layer.register_ant import unknown_ant


def drain_ant(plane: ControlPlane, caller: Principal, ant_id: str) -> AntView:
    """Leave the wish for its next heartbeat; one that starts again is asked no more."""
    if not plane.ants.drain(caller.tenant, ant_id):
        raise unknown_ant(ant_id)
    return find_ant(plane, caller, ant_id)
