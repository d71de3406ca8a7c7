"""The state of one run: a job request together with its current execution.

Invariant: the size of this state does not grow with what the tasks produced. A finished task is one
letter in `marks`; its outcome, artifacts and log are items of their own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from formicary.domain.commands import Command
from formicary.domain.states import ChildMark, RequestState, TaskMark


class Phase(StrEnum):
    """Where the engine is with a run."""

    WAITING = "waiting"
    WALKING = "walking"
    FINALIZING = "finalizing"
    ENDED = "ended"


class ActivityState(StrEnum):
    """What an active task waits for."""

    DISPATCHED = "dispatched"
    EXECUTING = "executing"
    RETRYING = "retrying"
    AWAITING = "awaiting"
    CANCELLING = "cancelling"


@dataclass(frozen=True, slots=True)
class ActiveTask:
    """A task in work. `attempt` grows by one with every dispatch and is the fence of results.

    `failures` counts the attempts that used up `retry`; `losses` those whose ant was lost;
    `restarts` the ones that a route asked for.
    """

    task_type: str
    attempt: int
    state: ActivityState
    activated_at: datetime
    failures: int = 0
    losses: int = 0
    restarts: int = 0
    started_at: datetime | None = None
    ant_id: str = ""
    ant_host: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """The first failure of a run, which names the error that the job ends with."""

    task_type: str
    exit_code: str
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True)
class ParentLink:
    """The fork task that started this run, and the right to report to it."""

    request_id: str
    execution_id: str
    task_type: str
    proof: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A command with the key of the event that caused it."""

    cause: str
    command: Command


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job request and its current execution. `key` is secret and never leaves the control plane.

    `marks`, `children` and `forks` have one letter a task, by declaration order: how the task stands
    (`TaskMark`), how its child stands (`ChildMark`), and how often it has forked ('0' for never).
    """

    tenant: str
    request_id: str
    execution_id: str
    job_type: str
    job_version: int
    key: str
    created_at: datetime
    scheduled_at: datetime
    state: RequestState = RequestState.PENDING
    phase: Phase = Phase.WAITING
    version: int = 0
    marks: str = ""
    children: str = ""
    forks: str = ""
    active: Mapping[str, ActiveTask] = field(default_factory=dict)
    outbox: tuple[OutboxEntry, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    outcome: RequestState | None = None
    failure: Failure | None = None
    parent: ParentLink | None = None
    depth: int = 0
    user_id: str = ""
    user_key: str = ""
    description: str = ""
    platform: str = ""
    job_group: str = ""
    job_priority: int = 0
    retried: int = 0
    last_execution_id: str = ""
    exit_code: str = ""
    error_code: str = ""
    error_message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None

    def mark(self, index: int) -> TaskMark:
        """Return how the task at that place stands."""
        return TaskMark(self.marks[index])

    def child(self, index: int) -> ChildMark:
        """Return how the child of the fork task at that place stands."""
        return ChildMark(self.children[index])

    def child_request_id(self, index: int) -> str:
        """Return the id of the child that the fork task at that place forked last, or will fork.

        A ULID whose time is the parent's creation, so that it is known without being stored.
        """
        return derive_ulid(
            self.created_at, f"{self.key}:{self.request_id}:{index}:{self.forks[index]}"
        )


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def derive_ulid(moment: datetime, seed: str) -> str:
    """Return the ULID of `moment` whose random part is a hash of `seed`.

    Format: https://github.com/ulid/spec (48 bits of milliseconds, 80 bits, Crockford base 32).
    """
    digest = hashlib.blake2b(seed.encode(), digest_size=10).digest()
    number = (int(moment.timestamp() * 1000) << 80) | int.from_bytes(digest, "big")
    letters = []
    for _ in range(26):
        number, rest = divmod(number, 32)
        letters.append(_CROCKFORD[rest])
    return "".join(reversed(letters))
