"""The envelope of the events queue, as it goes over the wire."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from formicary.domain.events import (
    BatchDue,
    CancelDue,
    CancelRequested,
    ChildFinished,
    ChildForked,
    ChildrenFinished,
    Event,
    ItemsForked,
    ItemsListed,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    SlotFreed,
    SlotsGranted,
    TaskFinished,
    TaskLost,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TriggerRequested,
)
from formicary.domain.task_request import MESSAGE_SCHEMA_VERSION
from formicary.domain.task_response import TaskResponse

_EVENT_TYPES: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        JobSubmitted,
        SlotFreed,
        SlotsGranted,
        TaskStarted,
        TaskFinished,
        TaskRedelivered,
        TaskLost,
        ChildForked,
        ItemsListed,
        BatchDue,
        ItemsForked,
        CancelDue,
        ChildFinished,
        ChildrenFinished,
        TimerFired,
        CancelRequested,
        RestartRequested,
        PauseRequested,
        ResumeRequested,
        TriggerRequested,
    )
}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind) for name, kind in _EVENT_TYPES.items()
}


class EventMessage(BaseModel):
    """One event on its way to the engine.

    A `TaskFinished` that an ant reports carries the whole `response`; its `event` then holds only
    `task_type` and `attempt`, the rest is read from the response.
    """

    schema_version: int = MESSAGE_SCHEMA_VERSION
    tenant: str
    request_id: str
    execution_id: str
    kind: str
    proof: str
    event: dict[str, Any]
    response: TaskResponse | None = None


def pack_event(
    tenant: str, request_id: str, execution_id: str, proof: str, event: Event
) -> EventMessage:
    """Wrap an event of the control plane for the queue."""
    kind = type(event).__name__
    return EventMessage(
        tenant=tenant,
        request_id=request_id,
        execution_id=execution_id,
        kind=kind,
        proof=proof,
        event=_ADAPTERS[kind].dump_python(event, mode="json"),
    )


def pack_response(
    tenant: str, attempt: int, proof: str, execution_id: str, response: TaskResponse
) -> EventMessage:
    """Wrap an ant's outcome of an attempt for the queue."""
    return EventMessage(
        tenant=tenant,
        request_id=response.job_request_id,
        execution_id=execution_id,
        kind=TaskFinished.__name__,
        proof=proof,
        event={"task_type": response.task_type, "attempt": attempt},
        response=response,
    )


def fields_of_event(event: Event) -> dict[str, Any]:
    """Return what an event tells, as JSON; what has its default is left out."""
    adapter = _ADAPTERS[type(event).__name__]
    fields: dict[str, Any] = adapter.dump_python(event, mode="json", exclude_defaults=True)
    return fields


def unpack_event(message: EventMessage) -> Event:
    """Return the event of a message; ValueError when the kind or a field is unknown."""
    adapter = _ADAPTERS.get(message.kind)
    if adapter is None:
        raise ValueError(f"unknown event kind {message.kind!r}")
    if message.response is None:
        event: Event = adapter.validate_python(message.event)
        return event
    response = message.response
    return TaskFinished(
        task_type=str(message.event["task_type"]),
        attempt=int(message.event["attempt"]),
        status=response.status,
        exit_code=response.exit_code,
        exit_message=response.exit_message,
        error_code=response.error_code,
        error_message=response.error_message,
        context=response.job_context,
    )
