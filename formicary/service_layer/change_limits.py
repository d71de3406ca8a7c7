"""The limits of a tenant and its users: shown and changed, at once for what waits."""

from typing import Annotated

from pydantic import Field

from formicary.domain.gates import TENANT_GATE, TenantLimits, user_gate
from formicary.domain.records import Principal
from formicary.service_layer.admission import Admission
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.strict_body import StrictBody
from formicary.service_layer.tenant_limits import without_zeros

Limit = Annotated[int, Field(ge=0, le=1_000_000)]
MAX_USERS = 1000


class LimitsBody(StrictBody):
    """How many jobs may go on at once; 0 for any number."""

    max_concurrency: Limit = Field(default=0, description="Of the whole tenant")
    user_max_concurrency: Limit = Field(default=0, description="Of each user without an own limit")
    users: dict[str, Limit] = Field(
        default_factory=dict, max_length=MAX_USERS, description="Of these users"
    )


def show_limits(plane: ControlPlane, caller: Principal) -> LimitsBody:
    """Return the limits of the caller's tenant."""
    return _body(plane.gates.tenant_limits(caller.tenant))


def change_limits(plane: ControlPlane, caller: Principal, body: LimitsBody) -> LimitsBody:
    """Put limits in force."""
    before = plane.gates.tenant_limits(caller.tenant)
    limits = TenantLimits(
        body.max_concurrency, body.user_max_concurrency, without_zeros(body.users)
    )
    plane.gates.put_tenant_limits(caller.tenant, limits)
    plane.limits.forget(caller.tenant)
    admission = Admission(plane.gates, plane.events)
    by = f"limit:{plane.ids.ulid()}"
    admission.set_limit(caller.tenant, TENANT_GATE, limits.max_concurrency or None, by)
    for user in sorted({caller.user_id, *before.users, *limits.users}):
        admission.set_limit(caller.tenant, user_gate(user), limits.of_user(user) or None, by)
    return _body(limits)


def _body(limits: TenantLimits) -> LimitsBody:
    return LimitsBody(
        max_concurrency=limits.max_concurrency,
        user_max_concurrency=limits.user_max_concurrency,
        users=dict(limits.users),
    )
