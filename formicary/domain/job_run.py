"""The state of one run: a job request together with its current execution.

Invariant: the size of this state does not grow with what the tasks produced. A finished task is one
letter in `marks`; its outcome, artifacts and log are items of their own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from formicary.domain.commands import Command
from formicary.domain.gates import Claim
from formicary.domain.history import HistoryEntry
from formicary.domain.states import ChildMark, RequestState, TaskMark

# An occurrence of a schedule that begins later than this was missed, as after an outage.
LATE = timedelta(minutes=1)


class Phase(StrEnum):
    """Where the engine is with a run.

    RETRYING lies between two executions: one has failed, and the next waits for its time.
    """

    WAITING = "waiting"
    RETRYING = "retrying"
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
    HELD = "held"


class Hold(StrEnum):
    """Whether a run is paused: for a while (`PAUSE_JOB`), or until somebody resumes it.

    SLOT is the end of a pause that has given slots back: the run goes on when it has them again.
    """

    NONE = ""
    TIMED = "timed"
    USER = "user"
    SLOT = "slot"


class Evolving:
    """A frozen record that is changed by copy, cheaper than `dataclasses.replace`."""

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with these fields changed; the names are not checked at run time."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(changes)
        return copy


@dataclass(frozen=True)
class ActiveTask(Evolving):
    """A task in work. `attempt` grows by one with every dispatch and is the fence of results.

    `message_attempt` is the one that the task message on the queue carries: a message that another
    ant receives again becomes a new attempt without a new message. `failures` counts the attempts
    that used up `retry`, `losses` those whose ant was lost, `restarts` those that a route asked
    for. `delivery` tells the how-manieth delivery of the message was claimed last. `dispatched_at`
    is None while it is the moment of the activation.
    """

    task_type: str
    attempt: int
    state: ActivityState
    activated_at: datetime
    message_attempt: int = 1
    failures: int = 0
    losses: int = 0
    restarts: int = 0
    started_at: datetime | None = None
    ant_id: str = ""
    ant_host: str = ""
    delivery: int = 0
    dispatched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The first failure of a run, which names the error that the job ends with.

    One that is `fatal` is not mended by the job's own `retry`; `retries` is how many the table of
    error codes grants at least.
    """

    task_type: str
    exit_code: str
    error_code: str
    error_message: str
    fatal: bool = False
    retries: int = 0


@dataclass(frozen=True, slots=True)
class ParentLink:
    """The fork task that started this run, and the right to report to it.

    `item` is its place in `fork_items`, below 0 for the only child of a fork task.
    """

    request_id: str
    execution_id: str
    task_type: str
    proof: str
    item: int = -1


@dataclass(frozen=True)
class Fan(Evolving):
    """The children of a fork task with `fork_items`, as far as the run knows them: one an item.

    `listing` names the items, which are kept beside the run; those before `forked` have their
    children. The other counts, and some `failures` in words, are known when all have ended.

    `resumed` counts the restarts by which it goes on for those that did not complete: the others
    were forked by one of so many forks before.
    """

    total: int
    listing: str
    max_parallel: int = 0
    forked: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    failures: str = ""
    resumed: int = 0

    @property
    def all_ended(self) -> bool:
        """Whether it is known how all children ended."""
        return self.completed + self.failed + self.cancelled == self.total

    def going_on(self) -> "Fan":
        """Return it at the beginning of a fork for the items whose children did not complete."""
        return Fan(self.total, self.listing, self.max_parallel, resumed=self.resumed + 1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What made a run that nobody submitted: a schedule, by its serial, and the time it was for.

    `missing` are required params that have no value, `fault` is what else keeps it from running;
    `only_in_time` ends one that begins late.
    """

    serial: int
    fire_at: datetime
    missing: tuple[str, ...] = ()
    only_in_time: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A command with the key of the event that caused it."""

    cause: str
    command: Command


@dataclass(frozen=True)
class JobRun(Evolving):
    """A job request and its current execution. `key` is secret and never leaves the control plane.

    `marks`, `children`, `forks` and `origins` have one letter a task, by declaration order: how the
    task stands (`TaskMark`), how its child stands (`ChildMark`), how often it has forked and in
    which execution it ended last (both counted from the letter '0'). `retried` is the number of
    restarts and so the number of the current execution; `job_retries` and `job_restarts` are those
    that the job's own `retry` and `RESTART_JOB` made since somebody last started it.

    `holds` counts the pauses and is the fence of their timers. `deadline` is when the execution
    exceeds the job's timeout; a pause moves it on.

    `fans` has, by their places, the fork tasks that have forked a child for each of their items.

    `tail` is the end of its history, which is nowhere else yet.

    `gates` are the limits it has to pass; `stint` counts how often it has given its slots back.

    `announces` has a letter for each kind of listener that its definition names (`Announces`).

    `scheduled_at` is when it is due, which retries and triggers change; `submitted_for` is the time
    that it was submitted for, None for at once.
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
    origins: str = ""
    fans: Mapping[int, Fan] = field(default_factory=dict)
    active: Mapping[str, ActiveTask] = field(default_factory=dict)
    outbox: tuple[OutboxEntry, ...] = ()
    tail: tuple[HistoryEntry, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    outcome: RequestState | None = None
    failure: Failure | None = None
    parent: ParentLink | None = None
    depth: int = 0
    occurrence: Occurrence | None = None
    gates: tuple[Claim, ...] = ()
    stint: int = 0
    holds_slots: bool = False
    submitted_for: datetime | None = None
    definition_tenant: str = ""
    announces: str = ""
    user_id: str = ""
    user_key: str = ""
    description: str = ""
    platform: str = ""
    job_group: str = ""
    job_priority: int = 0
    retried: int = 0
    job_retries: int = 0
    job_restarts: int = 0
    hold: Hold = Hold.NONE
    holds: int = 0
    held_since: datetime | None = None
    deadline: datetime | None = None
    last_execution_id: str = ""
    exit_code: str = ""
    error_code: str = ""
    error_message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def defined_by(self) -> str:
        """The tenant whose definition it runs: its own, or that of a public plugin."""
        return self.definition_tenant or self.tenant

    @property
    def needs_slots(self) -> bool:
        """Whether it has to take slots before it can begin."""
        return not self.holds_slots and any(claim.amount for claim in self.gates)

    def mark(self, index: int) -> TaskMark:
        """Return how the task at that place stands."""
        return TaskMark(self.marks[index])

    def child(self, index: int) -> ChildMark:
        """Return how the child of the fork task at that place stands."""
        return ChildMark(self.children[index])

    def origin_execution_id(self, index: int) -> str:
        """Return the execution in which the task ended last (a restart keeps results)."""
        return execution_id(self.created_at, self.request_id, ord(self.origins[index]) - ord("0"))

    def child_request_id(self, index: int) -> str:
        """Return the id of the child that the fork task at that place forked last, or will fork.

        A ULID whose time is the parent's creation, so that it is known without being stored.
        """
        return derive_ulid(
            self.created_at, f"{self.key}:{self.request_id}:{index}:{self.forks[index]}"
        )

    def item_request_id(self, index: int, fork: str, item: int) -> str:
        """Return the id of the child for an item; `fork` is the letter of `forks` that it is of."""
        return derive_ulid(self.created_at, f"{self.key}:{self.request_id}:{index}:{fork}:{item}")


def ulid_time(moment: datetime) -> str:
    """Return what the ids of the children of a run begin with that was created at that moment."""
    return derive_ulid(moment, "")[:10]


def execution_id(created_at: datetime, request_id: str, number: int) -> str:
    """Return the id of a request's execution; 0 is the first, each restart is the next."""
    return derive_ulid(created_at, f"execution:{request_id}:{number}")


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
