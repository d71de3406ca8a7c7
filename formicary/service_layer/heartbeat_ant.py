"""An ant's heartbeat: one write, and the directives in return."""

import contextlib
from collections.abc import Iterable

from formicary.domain.ant import AntDirectives, AntRegistration, Heartbeat, TaskInFlight
from formicary.domain.errors import UnavailableError
from formicary.domain.events import TaskStarted
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.records import Principal
from formicary.domain.watching import WATCHED_HEARTBEAT_SECONDS
from formicary.service_layer.ant_directives import directives_for
from formicary.service_layer.ant_grant import check_grant
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.register_ant import unknown_ant


def heartbeat_ant(
    plane: ControlPlane, caller: Principal, ant_id: str, heartbeat: Heartbeat
) -> AntDirectives:
    """Store how an ant is, tell the engine of tasks newly seen, and return what to do."""
    now = plane.clock.now()
    told = AntRegistration(
        ant_id=ant_id,
        methods=[],
        tags=[],
        max_capacity=0,
        current_load=heartbeat.current_load,
        total_executed=heartbeat.total_executed,
        in_flight=heartbeat.in_flight,
        condition=heartbeat.condition,
        created_at=now,
        updated_at=now,
    )
    stored = plane.ants.heartbeat(caller.tenant, told)
    if stored is None:
        raise unknown_ant(ant_id)
    ant, seen_before = stored
    check_grant(caller, ant.methods, ant.tags)
    started = _newly_seen(heartbeat.in_flight, seen_before)
    if started:
        plane.events.send_all([_started(caller.tenant, ant, task) for task in started])
    directives = directives_for(plane, caller.tenant, ant, heartbeat.in_flight)
    return _more_often(directives) if _tell_watchers(plane, caller, heartbeat) else directives


def _tell_watchers(plane: ControlPlane, caller: Principal, heartbeat: Heartbeat) -> bool:
    """Whether somebody watches what the ant works on; they are told what it has written."""
    runs = {task.job_request_id for task in heartbeat.in_flight}
    # Watching must never cost an ant its heartbeat; the next one rings again.
    with contextlib.suppress(UnavailableError):
        return plane.watch_room.ring(caller.tenant, runs)
    return False


def _more_often(directives: AntDirectives) -> AntDirectives:
    seconds = min(directives.heartbeat_seconds, WATCHED_HEARTBEAT_SECONDS)
    return directives.model_copy(update={"heartbeat_seconds": seconds})


def _newly_seen(now: Iterable[TaskInFlight], before: Iterable[TaskInFlight]) -> list[TaskInFlight]:
    # The proof is another one for every attempt of every execution.
    known = {task.proof for task in before}
    return [task for task in now if task.proof not in known]


def _started(tenant: str, ant: AntRegistration, task: TaskInFlight) -> EventMessage:
    """The proof is the ant's: the engine believes it only if it was given out for that task."""
    event = TaskStarted(
        task_type=task.task_type,
        attempt=task.attempt,
        ant_id=ant.ant_id,
        ant_host=ant.host,
        started_at=task.started_at,
    )
    return pack_event(tenant, task.job_request_id, task.job_execution_id, task.proof, event)
