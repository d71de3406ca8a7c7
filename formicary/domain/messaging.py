"""MESSAGING: which queue a name stands for, what is asked over it, and what a reply means."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskRequest

MAX_QUEUE_NAME = 80
CORRELATION_ATTRIBUTE = "co_relation_id"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_OUTCOMES = frozenset({RequestState.COMPLETED, RequestState.FAILED})


class QueueNameError(ValueError):
    """A name that no messaging queue can have; the message says why and the mend."""


class ReplyError(ValueError):
    """A reply that tells no outcome; the message says why and the mend."""


def messaging_queue_prefix(prefix: str, tenant: str) -> str:
    """Return how the queues begin that a tenant's tasks may name: no task queue does.

    A task queue has the method at this place, in capitals; a tenant has no dash in its name.
    """
    return f"{prefix}-{tenant}-messages-"


def messaging_queue_name(prefix: str, name: str) -> str:
    """Return the name in SQS of the queue that a task calls `name`."""
    if not _NAME.fullmatch(name):
        raise QueueNameError(
            f"the queue name {name!r} may have letters, digits, - and _ alone; the queue"
            f" NAME of a task is the queue {prefix}NAME in SQS"
        )
    full = f"{prefix}{name}"
    if len(full) > MAX_QUEUE_NAME:
        raise QueueNameError(
            f"the queue name {name!r} is {len(full) - MAX_QUEUE_NAME} characters too long: in SQS"
            f" it is {full}, which may have {MAX_QUEUE_NAME}"
        )
    return full


def request_body(request: TaskRequest, *, key: str, reply_queue: str, reply_url: str) -> str:
    """Write what the other side is asked: the article's TaskRequest, and where to reply.

    `key` names the attempt; it is the correlation id too. Variables that are secrets stay behind;
    what a script or a field names goes along.
    """
    shown = {name: item for name, item in request.variables.items() if not item.secret}
    told = request.model_copy(update={"variables": shown, "co_relation_id": key})
    more = {"idempotency_key": key, "reply_queue": reply_queue, "reply_queue_url": reply_url}
    return json.dumps({**told.model_dump(mode="json"), **more}, ensure_ascii=False)


class MessagingReply(BaseModel):
    """What the other side answers: the article's TaskResponse, as far as it tells an outcome."""

    model_config = ConfigDict(extra="ignore")

    status: RequestState
    exit_code: str = ""
    exit_message: str = ""
    error_code: str = ""
    error_message: str = ""
    failed_command: str = ""
    task_context: dict[str, Any] = Field(default_factory=dict)
    job_context: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    stdout: list[str] = Field(default_factory=list)

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_nothing(cls, value: Any, info: Any) -> Any:
        """Take `null` for what is not there, and a number for an exit code."""
        if value is None and info.field_name != "status":
            return cls.model_fields[info.field_name].get_default(call_default_factory=True)
        if info.field_name == "exit_code" and isinstance(value, int):
            return str(value)
        return value

    @field_validator("status", mode="before")
    @classmethod
    def _in_capitals(cls, value: Any) -> Any:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("status")
    @classmethod
    def _an_outcome(cls, value: RequestState) -> RequestState:
        if value not in _OUTCOMES:
            raise ValueError(f"{value} is no outcome")
        return value

    @property
    def succeeded(self) -> bool:
        """Whether the task completes."""
        return self.status is RequestState.COMPLETED

    @property
    def outputs(self) -> dict[str, Any]:
        """What it adds to the job's context."""
        return {**self.task_context, **self.context, **self.job_context}


def read_reply(body: str) -> MessagingReply:
    """Read a reply; raises ReplyError."""
    try:
        return MessagingReply.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the reply"
        raise ReplyError(
            f"the reply tells no outcome ({place}: {first['msg']}): reply with a JSON object"
            ' such as {"co_relation_id": "...", "status": "COMPLETED"}; the status is COMPLETED or'
            " FAILED"
        ) from None


def correlation_of(body: str, attributes: Mapping[str, str]) -> str:
    """Return whose reply it is: by its attribute, else by its field; nothing when it is not told.

    The word `correlation_id` is taken too.
    """
    for name in (CORRELATION_ATTRIBUTE, "correlation_id"):
        if attributes.get(name):
            return attributes[name]
    try:
        fields = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(fields, dict):
        return ""
    return str(fields.get(CORRELATION_ATTRIBUTE) or fields.get("correlation_id") or "")
