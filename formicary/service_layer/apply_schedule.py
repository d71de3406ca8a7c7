"""After a job type has changed: its schedule follows."""

from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.cron_planner import CronPlanner


def apply_schedule(plane: ControlPlane, tenant: str, job_type: str) -> None:
    """Make, replace or remove the pending occurrence of a job type."""
    planner = CronPlanner(
        plane.runs,
        plane.definitions,
        plane.parsed,
        plane.events,
        plane.gates,
        plane.limits,
        plane.clock,
        plane.ids,
    )
    planner.apply(tenant, job_type)
