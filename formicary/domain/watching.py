"""Watching a run over a websocket: who watches what, and what a watcher is told.

A watcher is told at least once: a message of a log that does not begin at the `next_offset` of the
one before repeats what was told already.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from formicary.domain.errors import InvalidRequestError
from formicary.domain.job_run import JobRun
from formicary.domain.states import STATE_OF_MARK, RequestState, TaskMark

# So many tasks stand in one message: API Gateway carries 128 KB.
_TASKS_A_MESSAGE = 100
# While somebody watches, the ants that work on it tell every second how they are.
WATCHED_HEARTBEAT_SECONDS = 1.0


class WatchRequest(BaseModel):
    """What a client sends to watch a run, or one task of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["watch"]
    job_request_id: str = Field(min_length=1, max_length=100)
    task_type: str = Field("", max_length=200)


class Watcher(BaseModel):
    """A connection that watches a run, and how far it has been told.

    `marks` and `state` are those of the run that were told last, in execution `execution_id`.
    `offsets` tells, by execution, task and attempt, from where on its log is to be told; None once
    it has been told to its end.
    """

    model_config = ConfigDict(frozen=True)

    connection_id: str
    request_id: str
    task_type: str = ""
    since: datetime
    execution_id: str = ""
    state: str = ""
    marks: str = ""
    offsets: Mapping[str, int | None] = Field(default_factory=dict)
    version: int = 0

    def having(self, **changes: Any) -> "Watcher":
        """Return a copy with these fields changed."""
        return self.model_copy(update=changes)


def wants_to_watch(message: Mapping[str, Any]) -> bool:
    """Whether a client's message asks to watch a run."""
    return message.get("action") == "watch"


def read_watch_request(message: Mapping[str, Any]) -> WatchRequest:
    """Return what is to be watched; InvalidRequestError names what is wrong."""
    try:
        return WatchRequest.model_validate(message)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, line['loc']))}: {line['msg']}"
            for line in error.errors(include_url=False)
        )
        raise InvalidRequestError(
            f"The wish to watch is not valid: {faults}. "
            'It is {"action": "watch", "job_request_id": "...", "task_type": "..."}; the task may '
            "be left out."
        ) from error


def state_messages(
    run: JobRun, names: Sequence[str], watcher: Watcher
) -> Iterator[Mapping[str, Any]]:
    """Yield what the watcher does not know of the states of the run and its tasks."""
    if (run.execution_id, str(run.state)) != (watcher.execution_id, watcher.state):
        yield {
            "type": "run",
            "job_request_id": run.request_id,
            "job_execution_id": run.execution_id,
            "job_type": run.job_type,
            "job_state": str(run.state),
            "error_code": run.error_code,
            "error_message": run.error_message,
        }
    same = run.execution_id == watcher.execution_id and len(run.marks) == len(watcher.marks)
    before = watcher.marks if same else TaskMark.NOT_RUN * len(run.marks)
    news = [
        _task(run, index, name)
        for index, (name, old, new) in enumerate(zip(names, before, run.marks, strict=False))
        if old != new and watcher.task_type in ("", name)
    ]
    for begin in range(0, len(news), _TASKS_A_MESSAGE):
        yield {
            "type": "tasks",
            "job_request_id": run.request_id,
            "tasks": news[begin : begin + _TASKS_A_MESSAGE],
        }


def end_message(run: JobRun) -> Mapping[str, Any]:
    """Return the last message: nothing more will be told."""
    return {"type": "end", "job_request_id": run.request_id, "job_state": str(run.state)}


def as_text(message: Mapping[str, Any]) -> str:
    """Return a message as it goes over the connection."""
    return json.dumps(message, ensure_ascii=False)


def _task(run: JobRun, index: int, name: str) -> Mapping[str, Any]:
    mark = run.mark(index)
    at_work = RequestState.EXECUTING if mark is TaskMark.ACTIVE else RequestState.PENDING
    return {"task_type": name, "task_state": str(STATE_OF_MARK.get(mark, at_work))}
