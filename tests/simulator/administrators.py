"""Who sets the limits and the job resources of a simulated tenant, and who changes them later."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.domain.records import Principal
from formicary.service_layer.change_limits import LimitsBody, change_limits
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.job_resources import ResourceBody, add_resource, change_resource
from tests.simulator.ants import TENANT
from tests.simulator.extras import Change, Limits, Resource
from tests.simulator.people import User

if TYPE_CHECKING:
    from tests.simulator.world import World

_ADMIN = Principal(tenant=TENANT, user_id="admin")


def furnish(plane: ControlPlane, limits: Limits) -> list[str]:
    """Set what a world begins with; return the ids of its job resources."""
    if limits.tenant or limits.user:
        body = LimitsBody(max_concurrency=limits.tenant, user_max_concurrency=limits.user)
        change_limits(plane, _ADMIN, body)
    bodies = [_body(resource, resource.quota) for resource in limits.resources]
    return [add_resource(plane, _ADMIN, body).id for body in bodies]


def administrators(world: "World") -> list[User]:
    """Return who changes limits while jobs go on."""
    return [
        User(
            world,
            f"limits {change.tenant} {change.user} {change.quotas}",
            partial(_make, change, world.scenario.extras.limits, world.resources),
            EPOCH + timedelta(seconds=change.at),
        )
        for change in world.scenario.extras.limits.changes
    ]


def _make(change: Change, limits: Limits, ids: list[str], plane: ControlPlane) -> None:
    body = LimitsBody(max_concurrency=change.tenant, user_max_concurrency=change.user)
    change_limits(plane, _ADMIN, body)
    for resource, quota, resource_id in zip(limits.resources, change.quotas, ids, strict=True):
        change_resource(plane, _ADMIN, resource_id, _body(resource, quota))


def _body(resource: Resource, quota: int) -> ResourceBody:
    return ResourceBody(
        resource_type=resource.resource_type, quota=quota, lease_timeout=resource.lease_timeout
    )
