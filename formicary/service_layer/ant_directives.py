"""What an ant is told to do: which queues to poll, which of its tasks to end."""

from collections.abc import Sequence

from formicary.domain.ant import AntDirectives, AntRegistration, TaskInFlight
from formicary.domain.routing_key import RoutingKey
from formicary.domain.task_request import task_key
from formicary.service_layer.control_plane import ControlPlane


def directives_for(
    plane: ControlPlane, tenant: str, ant: AntRegistration, in_flight: Sequence[TaskInFlight] = ()
) -> AntDirectives:
    """Return the directives of an ant with its methods, tags and tasks in flight."""
    environment = plane.ant_environment
    return AntDirectives(
        queues=[
            queue
            for queue in plane.ants.queues(tenant)
            if RoutingKey.parse(queue.routing_key).served_by(ant.methods, ant.tags)
        ],
        cancel=_cancels(plane, tenant, in_flight),
        drain=ant.draining,
        heartbeat_seconds=environment.heartbeat_seconds,
        lease_seconds=environment.lease_seconds,
    )


def _cancels(plane: ControlPlane, tenant: str, in_flight: Sequence[TaskInFlight]) -> list[str]:
    if not in_flight:
        return []
    keys = {task_key(task.job_execution_id, task.task_type, task.attempt) for task in in_flight}
    return sorted(keys.intersection(plane.ants.cancels(tenant)))
