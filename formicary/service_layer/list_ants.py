"""Showing ants. The proofs of their tasks never show: who has one can report in an ant's name."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from formicary.domain.ant import AntRegistration
from formicary.domain.records import Page, Principal
from formicary.domain.socket_ant import SocketAnt
from formicary.domain.states import TaskMethod
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.paging import PageRequest
from formicary.service_layer.register_ant import unknown_ant


class TaskInFlightView(BaseModel):
    """An attempt that an ant is working on."""

    job_request_id: str
    job_execution_id: str
    task_type: str
    attempt: int
    started_at: datetime


class AntView(BaseModel):
    """An ant: what it can do, what it is doing, and whether it was heard of lately."""

    ant_id: str
    host: str
    version: str
    methods: list[str]
    tags: list[str]
    max_capacity: int
    current_load: int
    total_executed: int
    in_flight: list[TaskInFlightView]
    condition: str = Field("", description="Why it takes no tasks, if so.")
    draining: bool = False
    alive: bool
    created_at: datetime
    updated_at: datetime


def list_ants(plane: ControlPlane, caller: Principal, request: PageRequest) -> Page[AntView]:
    """Return a page of the tenant's ants by id, those of websockets last."""
    ants = [_view(plane, ant) for ant in plane.ants.list(caller.tenant)]
    ants += [_socket_view(ant) for ant in plane.sockets.list(caller.tenant)]
    shown = ants[request.offset : request.offset + request.page_size]
    return Page(tuple(shown), len(ants))


def find_ant(plane: ControlPlane, caller: Principal, ant_id: str) -> AntView:
    """Return an ant of the tenant."""
    ant = plane.ants.find(caller.tenant, ant_id)
    if ant is not None:
        return _view(plane, ant)
    by_socket = plane.sockets.find(caller.tenant, ant_id)
    if by_socket is None:
        raise unknown_ant(ant_id)
    return _socket_view(by_socket)


def _view(plane: ControlPlane, ant: AntRegistration) -> AntView:
    silence = timedelta(seconds=plane.ant_environment.lease_seconds)
    alive = plane.clock.now() - ant.updated_at <= silence
    return AntView.model_validate({**ant.model_dump(), "alive": alive})


def _socket_view(ant: SocketAnt) -> AntView:
    """Show a websocket ant as the others: it is alive while it is connected."""
    in_flight = []
    if ant.task is not None:
        request = ant.task.message.request
        in_flight.append(
            TaskInFlightView(
                job_request_id=request.job_request_id,
                job_execution_id=request.job_execution_id,
                task_type=request.task_type,
                attempt=ant.task.message.attempt,
                started_at=ant.connected_at,
            )
        )
    return AntView(
        ant_id=ant.ant_id,
        host="websocket",
        version="",
        methods=[TaskMethod.WEBSOCKET],
        tags=ant.tags,
        max_capacity=1,
        current_load=len(in_flight),
        total_executed=ant.total_executed,
        in_flight=in_flight,
        alive=ant.connected,
        created_at=ant.connected_at,
        updated_at=ant.disconnected_at or ant.connected_at,
    )
