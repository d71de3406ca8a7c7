"""Ants that come over a websocket: a browser page or a program in any language, one task at a time.

They hold no credentials and no proofs. The control plane keeps what such an ant works on, and
reports in its name when it answers.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from formicary.domain.errors import InvalidRequestError
from formicary.domain.events import OUTCOMES
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import ErrorCode, RequestState, TaskMethod
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskLog, TaskResponse

# API Gateway carries 128 KB a message:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MAX_SOCKET_BYTES = 128 * 1024
_MAX_LOG_CHARACTERS = 32 * 1024


class SocketRegistration(BaseModel):
    """The first message of a client (the article, section 7.3): who it is and what it can do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ant_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    tags: list[str] = Field(default_factory=list, max_length=50)
    methods: list[TaskMethod] = Field(min_length=1)


class SocketTask(BaseModel):
    """A task that waits for a websocket ant, or that one works on."""

    model_config = ConfigDict(frozen=True)

    routing_key: str
    message: TaskMessage

    @property
    def key(self) -> str:
        """Name of the attempt."""
        return self.message.task_key

    @property
    def request_id(self) -> str:
        """The run it belongs to; its age orders those that wait."""
        return self.message.request.job_request_id


class SocketAnt(BaseModel):
    """A client as stored: `task` is what it works on since `taken_at`.

    `disconnected_at` tells that it is away.
    """

    model_config = ConfigDict(frozen=True)

    ant_id: str
    user_id: str
    connection_id: str
    tags: list[str]
    connected_at: datetime
    disconnected_at: datetime | None = None
    total_executed: int = 0
    task: SocketTask | None = None
    taken_at: datetime | None = None
    version: int = 0

    @property
    def connected(self) -> bool:
        """Whether it can be sent something."""
        return self.disconnected_at is None

    def may_take(self, key: RoutingKey) -> bool:
        """Whether it is idle, connected, and has the tags of a task."""
        idle = self.connected and self.task is None
        return idle and key.served_by([TaskMethod.WEBSOCKET], self.tags)

    def having(self, **changes: Any) -> "SocketAnt":
        """Return a copy with these fields changed."""
        return self.model_copy(update=changes)


def socket_ant_id(user_id: str, ant_id: str) -> str:
    """Return the id of a client among all ants: nobody can take the name of another user's."""
    return f"ws:{user_id}:{ant_id}"


def read_message(text: str) -> dict[str, Any]:
    """Return the JSON object of a client's message; InvalidRequestError says what it is instead."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"The message is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidRequestError("The message is no JSON object.")
    return found


def is_registration(message: Mapping[str, Any]) -> bool:
    """Whether a client says who it is (an answer names its task instead)."""
    return "methods" in message and "ant_id" in message and "task_type" not in message


def read_registration(message: Mapping[str, Any]) -> SocketRegistration:
    """Return who registers; InvalidRequestError names what is wrong."""
    try:
        registration = SocketRegistration.model_validate(message)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, line['loc']))}: {line['msg']}"
            for line in error.errors(include_url=False)
        )
        raise InvalidRequestError(f"The registration is not valid: {faults}.") from error
    if registration.methods != [TaskMethod.WEBSOCKET]:
        raise InvalidRequestError("A websocket ant registers for the method WEBSOCKET alone.")
    return registration


def matches_task(message: Mapping[str, Any], task: SocketTask) -> bool:
    """Whether an answer is about this attempt: its correlation id tells."""
    return message.get("co_relation_id") == task.message.request.co_relation_id


def read_answer(message: Mapping[str, Any], task: SocketTask, ant: SocketAnt) -> TaskResponse:
    """Return the outcome that a client tells of its task.

    A client may send back the request that it got, with a `status`, as in the article: what is not
    part of an outcome is passed over. InvalidRequestError when there is no status of an end.
    """
    status = str(message.get("status", "")).upper()
    if status not in OUTCOMES:
        raise InvalidRequestError(
            f"An answer needs the status {', '.join(OUTCOMES)}, not {status[:40]!r}."
        )
    return _response(task, ant, RequestState(status), message)


def unreadable_answer(task: SocketTask, ant: SocketAnt, why: str) -> TaskResponse:
    """Return the failure of a task whose client answers what cannot be understood."""
    told = {"error_code": ErrorCode.VALIDATION, "error_message": f"the websocket ant's {why}"}
    return _response(task, ant, RequestState.FAILED, told)


def cancelled_answer(task: SocketTask, ant: SocketAnt) -> TaskResponse:
    """Return the end of a task that was taken away from its client."""
    return _response(task, ant, RequestState.CANCELLED, {})


def _response(
    task: SocketTask, ant: SocketAnt, status: RequestState, told: Mapping[str, Any]
) -> TaskResponse:
    request = task.message.request
    output = _text(told.get("stdout"))[:_MAX_LOG_CHARACTERS]
    return TaskResponse(
        job_request_id=request.job_request_id,
        task_execution_id=request.task_execution_id,
        job_type=request.job_type,
        job_type_version=request.job_type_version,
        task_type=request.task_type,
        co_relation_id=request.co_relation_id,
        status=status,
        ant_id=ant.ant_id,
        host="websocket",
        tags=ant.tags,
        exit_code=_text(told.get("exit_code"))[:100],
        exit_message=_text(told.get("exit_message"))[:1000],
        error_code=_text(told.get("error_code"))[:100],
        error_message=_text(told.get("error_message"))[:1000],
        job_context=_context(told.get("job_context")),
        task_context=_context(told.get("task_context")),
        log=TaskLog(inline=output, size=len(output.encode())),
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    if value is None or isinstance(value, dict):
        return ""
    return str(value)


def _context(value: Any) -> dict[str, str]:
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    return {str(name): _text(content) for name, content in items}
