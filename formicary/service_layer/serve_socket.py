"""What a websocket client says: who it is, how its task ended, or which run it wants to watch."""

import json
from dataclasses import dataclass
from typing import Any

from formicary.domain.errors import (
    FormicaryError,
    InvalidRequestError,
    NotFoundError,
)
from formicary.domain.events import TimerFired, TimerKind
from formicary.domain.job_run import JobRun
from formicary.domain.messages import pack_event
from formicary.domain.proofs import internal_proof
from formicary.domain.records import Principal
from formicary.domain.socket_ant import (
    SocketAnt,
    SocketRegistration,
    SocketTask,
    is_registration,
    matches_task,
    read_answer,
    read_message,
    read_registration,
    socket_ant_id,
    unreadable_answer,
)
from formicary.domain.task_response import TaskResponse
from formicary.domain.watching import read_watch_request, wants_to_watch
from formicary.service_layer.ant_grant import check_grant
from formicary.service_layer.socket_tasks import RECONNECT_GRACE, SocketTasks
from formicary.service_layer.watch_run import WatchPost


@dataclass(frozen=True, slots=True)
class SocketServer:
    """Answers the messages of websocket clients; what is wrong with one is told to its client."""

    tasks: SocketTasks
    post: WatchPost

    def receive(self, caller: Principal, connection_id: str, text: str) -> None:
        """Take one message of a client."""
        try:
            self._receive(caller, connection_id, text)
        except FormicaryError as error:
            if error.status >= 500 or error.retryable:
                raise
            told = {"error": {"code": error.code, "message": error.message}}
            self.tasks.gateway.push(connection_id, json.dumps(told))

    def _receive(self, caller: Principal, connection_id: str, text: str) -> None:
        try:
            message = read_message(text)
        except InvalidRequestError as fault:
            self._fail_task(caller, connection_id, f"answer is not JSON ({fault.message})")
            raise
        if wants_to_watch(message):
            self.post.watch(caller, connection_id, read_watch_request(message))
        elif is_registration(message):
            self._register(caller, connection_id, read_registration(message))
        else:
            self._answer(caller, connection_id, message)

    def _register(
        self, caller: Principal, connection_id: str, registration: SocketRegistration
    ) -> None:
        """Store who speaks; an ant that comes back in time goes on with its task."""
        tags = sorted({tag.strip().lower() for tag in registration.tags if tag.strip()})
        check_grant(caller, registration.methods, tags)
        sockets = self.tasks.sockets
        ant_id = socket_ant_id(caller.user_id, registration.ant_id)
        sockets.put_connection(caller.tenant, connection_id, ant_id)
        known = sockets.find(caller.tenant, ant_id)
        ant = sockets.save(
            caller.tenant,
            SocketAnt(
                ant_id=ant_id,
                user_id=caller.user_id,
                connection_id=connection_id,
                tags=tags,
                connected_at=self.tasks.clock.now(),
                total_executed=known.total_executed if known else 0,
                task=known.task if known else None,
                taken_at=known.taken_at if known else None,
                version=known.version if known else 0,
            ),
        )
        if ant.task is None:
            self.tasks.give_next(caller.tenant, ant)

    def _answer(self, caller: Principal, connection_id: str, message: dict[str, Any]) -> None:
        ant = self._ant(caller, connection_id)
        if ant.task is None or not matches_task(message, ant.task):
            raise NotFoundError(
                f"{ant.ant_id} has no task {str(message.get('co_relation_id', ''))[:100]!r}; an "
                "answer carries the co_relation_id of the task that it was sent."
            )
        try:
            response = read_answer(message, ant.task, ant)
        except InvalidRequestError as fault:
            response = unreadable_answer(ant.task, ant, f"answer is not valid: {fault.message}")
            self._end(caller.tenant, ant, ant.task, response)
            raise
        self._end(caller.tenant, ant, ant.task, response)

    def _fail_task(self, caller: Principal, connection_id: str, why: str) -> None:
        """A client that talks nonsense while it has a task fails the task."""
        ant_id = self.tasks.sockets.find_connection(caller.tenant, connection_id)
        ant = self.tasks.sockets.find(caller.tenant, ant_id) if ant_id else None
        if ant is not None and ant.task is not None and ant.connection_id == connection_id:
            response = unreadable_answer(ant.task, ant, why)
            self._end(caller.tenant, ant, ant.task, response)

    def _end(self, tenant: str, ant: SocketAnt, task: SocketTask, response: TaskResponse) -> None:
        """Report first, then go on: an interruption repeats the report, which changes nothing."""
        self.tasks.report(tenant, task, response)
        idle = self.tasks.release(tenant, ant.ant_id, task.key, executed=1)
        if idle is not None and idle.connected:
            self.tasks.give_next(tenant, idle)

    def _ant(self, caller: Principal, connection_id: str) -> SocketAnt:
        ant_id = self.tasks.sockets.find_connection(caller.tenant, connection_id)
        ant = self.tasks.sockets.find(caller.tenant, ant_id) if ant_id else None
        if ant is None:
            raise InvalidRequestError(
                'Register first: {"ant_id": "...", "tags": [...], "methods": ["WEBSOCKET"]}. '
                'To watch a run send {"action": "watch", "job_request_id": "..."}.'
            )
        if ant.connection_id != connection_id:
            raise InvalidRequestError(
                f"{ant.ant_id} has connected anew since; this connection is no longer its own."
            )
        return ant

    def leave(self, caller: Principal, connection_id: str) -> None:
        """Note that a connection has ended; its task is given to others after a grace."""
        self.post.leave(caller, connection_id)
        ant_id = self.tasks.sockets.find_connection(caller.tenant, connection_id)
        ant = self.tasks.sockets.find(caller.tenant, ant_id) if ant_id else None
        if ant is None or ant.connection_id != connection_id:
            return
        self.tasks.note_gone(caller.tenant, ant)
        if ant.task is not None:
            self._look_again_soon(caller.tenant, ant.task)

    def _look_again_soon(self, tenant: str, task: SocketTask) -> None:
        run = self.tasks.runs.find(tenant, task.request_id)
        if run is not None and run.execution_id == task.message.request.job_execution_id:
            self._send_lease_look(run, task)

    def _send_lease_look(self, run: JobRun, task: SocketTask) -> None:
        message = task.message
        fired = TimerFired(
            TimerKind.SOCKET_LEASE,
            message.request.task_type,
            message.attempt,
            self.tasks.clock.now() + RECONNECT_GRACE,
            once=True,
        )
        envelope = pack_event(
            run.tenant, run.request_id, run.execution_id, internal_proof(run.key), fired
        )
        self.tasks.events.send(envelope, int(RECONNECT_GRACE.total_seconds()))
