"""Handing tasks to ants that come over a websocket, and taking back what they can no longer do.

Invariant: a task waits, or exactly one ant has it. Its lease ends some time after the connection of
that ant did, so an ant that reconnects in time goes on with its task.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from formicary.domain.errors import ConcurrentUpdateError, PayloadTooLargeError
from formicary.domain.events import TaskStarted
from formicary.domain.job_run import ActivityState, JobRun
from formicary.domain.messages import pack_event, pack_response
from formicary.domain.routing_key import RoutingKey
from formicary.domain.socket_ant import (
    MAX_SOCKET_BYTES,
    SocketAnt,
    SocketTask,
    cancelled_answer,
)
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskResponse
from formicary.ports import (
    AntRepository,
    Clock,
    EventQueue,
    RunRepository,
    SocketAntRepository,
    SocketGateway,
)

RECONNECT_GRACE = timedelta(seconds=30)
LEASE_CHECK = timedelta(seconds=60)
_LOOKED_AT = 10
_ON_ANT = frozenset({ActivityState.DISPATCHED, ActivityState.EXECUTING})


class Standing(StrEnum):
    """How the attempt of a task stands with the websocket ants."""

    WAITING = "waiting"
    HELD = "held"
    AWAY = "away"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class SocketTasks:
    """Matches tasks with websocket ants; safe for several at once, and to be done again."""

    sockets: SocketAntRepository
    gateway: SocketGateway
    runs: RunRepository
    ants: AntRepository
    events: EventQueue
    clock: Clock

    def offer(self, key: RoutingKey, message: TaskMessage) -> None:
        """Hand a task to an ant that is idle, or let it wait; PayloadTooLargeError.

        The ant that has it already gets it again: the offer is one that was interrupted.
        """
        task = SocketTask(routing_key=str(key), message=message)
        _check_size(task)
        holder = self._holder(message.tenant, task.key)
        if holder is not None:
            self._push(message.tenant, holder, task)
            return
        self.sockets.put_waiting(message.tenant, task)
        self._hand_out(message.tenant, key)

    def _hand_out(self, tenant: str, key: RoutingKey) -> None:
        for ant in self.sockets.list(tenant):
            if ant.may_take(key) and self._give_one_of(tenant, ant, [key]):
                return

    def give_next(self, tenant: str, ant: SocketAnt) -> None:
        """Hand an idle ant the next task that it may take."""
        keys = [RoutingKey.parse(queue.routing_key) for queue in self.ants.queues(tenant)]
        self._give_one_of(tenant, ant, [key for key in keys if ant.may_take(key)])

    def _give_one_of(self, tenant: str, ant: SocketAnt, keys: list[RoutingKey]) -> bool:
        """Return whether the ant has a task now; it may be another that gave it one."""
        for task in self._wanted(tenant, keys):
            try:
                busy = self.sockets.take(tenant, ant.having(taken_at=self.clock.now()), task)
            except ConcurrentUpdateError:
                found = self.sockets.find(tenant, ant.ant_id)
                if found is None or found.version != ant.version:
                    return found is not None and found.task is not None
                continue
            return self._push(tenant, busy, task)
        return False

    def _wanted(self, tenant: str, keys: list[RoutingKey]) -> Iterator[SocketTask]:
        """The tasks that wait, but those whose run no longer waits for them."""
        for key in keys:
            for task in self.sockets.waiting(tenant, key, _LOOKED_AT):
                if self._is_wanted(tenant, task):
                    yield task
                else:
                    self.sockets.forget_waiting(tenant, task)

    def _is_wanted(self, tenant: str, task: SocketTask) -> bool:
        run = self.runs.find(tenant, task.request_id)
        if run is None or run.execution_id != task.message.request.job_execution_id:
            return False
        active = run.active.get(task.message.request.task_type)
        current = active is not None and active.attempt == task.message.attempt
        return current and active is not None and active.state in _ON_ANT

    def _push(self, tenant: str, ant: SocketAnt, task: SocketTask) -> bool:
        """Send a task to the ant that has it; one that is gone gives it back."""
        if not self.gateway.push(ant.connection_id, task.message.request.model_dump_json()):
            self.note_gone(tenant, ant)
            self.give_back(tenant, ant.ant_id, task)
            return False
        message = task.message
        started = TaskStarted(
            message.request.task_type,
            message.attempt,
            ant.ant_id,
            "websocket",
            self.clock.now(),
        )
        execution, request = message.request.job_execution_id, task.request_id
        self.events.send(pack_event(tenant, request, execution, message.proof, started))
        return True

    def note_gone(self, tenant: str, ant: SocketAnt) -> None:
        """Remember that the connection of an ant has ended; a newer one stays."""
        current = self.sockets.find(tenant, ant.ant_id)
        while current and current.connected and current.connection_id == ant.connection_id:
            try:
                self.sockets.save(tenant, current.having(disconnected_at=self.clock.now()))
            except ConcurrentUpdateError:
                current = self.sockets.find(tenant, ant.ant_id)
            else:
                return

    def give_back(self, tenant: str, ant_id: str, task: SocketTask) -> None:
        """Let a task wait again that its ant never got."""
        self.sockets.put_waiting(tenant, task)
        self.release(tenant, ant_id, task.key)

    def release(self, tenant: str, ant_id: str, key: str, executed: int = 0) -> SocketAnt | None:
        """Make an ant idle if it still has this task; return the ant if that was so."""
        ant = self.sockets.find(tenant, ant_id)
        while ant is not None and ant.task is not None and ant.task.key == key:
            idle = ant.having(task=None, total_executed=ant.total_executed + executed)
            try:
                return self.sockets.save(tenant, idle)
            except ConcurrentUpdateError:
                ant = self.sockets.find(tenant, ant_id)
        return None

    def report(self, tenant: str, task: SocketTask, response: TaskResponse) -> None:
        """Tell the engine how a task ended, by the proof that its ant never saw."""
        message = task.message
        execution = message.request.job_execution_id
        self.events.send(pack_response(tenant, message.attempt, message.proof, execution, response))

    def cancel(self, tenant: str, key: str) -> None:
        """Take a task away from the ant that has it, and tell the ant."""
        ant = self._holder(tenant, key)
        if ant is None or ant.task is None:
            return
        told = ant.task.message.request.model_copy(update={"action": "CANCEL"})
        self.gateway.push(ant.connection_id, told.model_dump_json())
        self.report(tenant, ant.task, cancelled_answer(ant.task, ant))
        idle = self.release(tenant, ant.ant_id, key)
        if idle is not None and idle.connected:
            self.give_next(tenant, idle)

    def check_lease(self, run: JobRun, task_type: str, attempt: int, key: str) -> Standing:
        """Tell how an attempt stands, mending what an interrupted hand-over left behind."""
        ant = self._holder(run.tenant, key)
        active = run.active.get(task_type)
        if active is None or active.attempt != attempt or active.state not in _ON_ANT:
            return self._free(run.tenant, ant, key)
        if ant is None or ant.task is None:
            for routing_key in self._routing_keys(run.tenant):
                self._hand_out(run.tenant, routing_key)
            return Standing.WAITING
        if ant.connected and not self.gateway.is_open(ant.connection_id):
            self.note_gone(run.tenant, ant)
            return Standing.AWAY
        if ant.disconnected_at is not None:
            if self.clock.now() - ant.disconnected_at < RECONNECT_GRACE:
                return Standing.AWAY
            # Until the loss is committed it waits: whoever dies before leaves it to others.
            self.give_back(run.tenant, ant.ant_id, ant.task)
            return Standing.LOST
        if active.state is ActivityState.DISPATCHED:
            self._push(run.tenant, ant, ant.task)
        return Standing.HELD

    def _free(self, tenant: str, ant: SocketAnt | None, key: str) -> Standing:
        """Let an ant go that still has a task which the run no longer waits for."""
        idle = self.release(tenant, ant.ant_id, key) if ant is not None else None
        if idle is not None and idle.connected:
            self.give_next(tenant, idle)
        return Standing.LOST

    def _routing_keys(self, tenant: str) -> list[RoutingKey]:
        return [RoutingKey.parse(queue.routing_key) for queue in self.ants.queues(tenant)]

    def _holder(self, tenant: str, key: str) -> SocketAnt | None:
        found = (ant for ant in self.sockets.list(tenant) if ant.task and ant.task.key == key)
        return next(found, None)


def _check_size(task: SocketTask) -> None:
    size = len(task.message.request.model_dump_json().encode())
    if size > MAX_SOCKET_BYTES:
        raise PayloadTooLargeError(
            f"it takes {size} bytes; a websocket carries at most {MAX_SOCKET_BYTES}"
        )
