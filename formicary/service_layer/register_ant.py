"""Registering an ant: it is handed the rights it needs, for a while, and its queues."""

from formicary.domain.ant import (
    MINIMUM_ANT_VERSION,
    AntDirectives,
    AntRegistration,
    AntRegistrationAnswer,
    AntRegistrationRequest,
    AwsCredentials,
    is_too_old,
)
from formicary.domain.errors import AntTooOldError, NotFoundError
from formicary.domain.messaging import messaging_queue_prefix
from formicary.domain.records import Principal
from formicary.domain.routing_key import RoutingKey
from formicary.service_layer.ant_directives import directives_for
from formicary.service_layer.ant_grant import check_grant
from formicary.service_layer.control_plane import ControlPlane


def register_ant(
    plane: ControlPlane, caller: Principal, request: AntRegistrationRequest
) -> AntRegistrationAnswer:
    """Store an ant that has started and tell it where everything is."""
    if is_too_old(request.version):
        least = ".".join(map(str, MINIMUM_ANT_VERSION))
        raise AntTooOldError(
            f"The ant {request.ant_id!r} has version {request.version}; this control plane needs"
            f" {least} or newer. Install it again: pip install --upgrade 'formicary[agent]'."
        )
    now = plane.clock.now()
    tags = sorted({tag.strip().lower() for tag in request.tags if tag.strip()})
    fields = request.model_dump(exclude={"tags", "trial"})
    ant = AntRegistration(**fields, tags=tags, created_at=now, updated_at=now)
    check_grant(caller, ant.methods, ant.tags)
    _ensure_untagged_queues(plane, caller.tenant, ant)
    directives = directives_for(plane, caller.tenant, ant)
    credentials = _credentials(plane, caller.tenant, ant, directives)
    if not request.trial:
        plane.ants.register(caller.tenant, ant)
    environment = plane.ant_environment
    return AntRegistrationAnswer(
        ant_id=ant.ant_id,
        tenant=caller.tenant,
        region=environment.region,
        artifact_bucket=environment.artifact_bucket,
        events_queue_url=environment.events_queue_url,
        messaging_queue_prefix=messaging_queue_prefix(environment.queue_name_prefix, caller.tenant),
        credentials=credentials,
        directives=directives,
    )


def renew_credentials(plane: ControlPlane, caller: Principal, ant_id: str) -> AwsCredentials:
    """Return fresh credentials for an ant that is registered."""
    ant = plane.ants.find(caller.tenant, ant_id)
    if ant is None:
        raise unknown_ant(ant_id)
    check_grant(caller, ant.methods, ant.tags)
    return _credentials(plane, caller.tenant, ant, directives_for(plane, caller.tenant, ant))


def unknown_ant(ant_id: str) -> NotFoundError:
    """Return the error for an ant that is not registered; the ant then registers again."""
    return NotFoundError(f"There is no ant {ant_id!r}; register it first.", ant_id=ant_id)


def _credentials(
    plane: ControlPlane, tenant: str, ant: AntRegistration, directives: AntDirectives
) -> AwsCredentials:
    keys = [RoutingKey.parse(queue.routing_key) for queue in directives.queues]
    return plane.credentials.ant_credentials(tenant, ant.ant_id, keys)


def _ensure_untagged_queues(plane: ControlPlane, tenant: str, ant: AntRegistration) -> None:
    """An idle ant polls them from its first second; those with tags come with definitions."""
    for method in ant.methods:
        if method.needs_ant:
            key = RoutingKey.of(method)
            plane.ants.put_queue(tenant, key, plane.task_queues.ensure(tenant, key))
