"""Facts that can change a run. Every one names its run and carries a proof made with the run's key.

The events queue is at least once and unordered, and ants may send to it: an event is believed only
when its proof is right (`formicary.domain.proofs`), and applied only when it still fits the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from formicary.domain.states import RequestState


class TimerKind(StrEnum):
    """What a timer was started for."""

    START = "start"
    RETRY = "retry"
    TASK_TIMEOUT = "task_timeout"
    JOB_TIMEOUT = "job_timeout"
    CANCEL_GRACE = "cancel_grace"
    SOCKET_LEASE = "socket_lease"
    ANT_WAIT = "ant_wait"
    ANT_CHECK = "ant_check"
    PAUSE = "pause"
    JOB_RETRY = "job_retry"
    LEASE = "lease"


@dataclass(frozen=True, slots=True)
class JobSubmitted:
    """A new request was stored and waits to begin."""


@dataclass(frozen=True, slots=True)
class SlotFreed:
    """A gate that the run, or a task of it, waits at may let it pass now; `by` made room."""

    stint: int
    by: str
    task_type: str = ""


@dataclass(frozen=True, slots=True)
class SlotsGranted:
    """The run has taken its slots of all its gates."""

    stint: int


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """An ant was seen working on an attempt (told by its heartbeat, so only of longer tasks)."""

    task_type: str
    attempt: int
    ant_id: str
    ant_host: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """An attempt ended, with the outcome that whoever ran it proposes.

    `action` is what the table of error codes has done about a failure, `action_retry` how often.
    """

    task_type: str
    attempt: int
    status: RequestState
    exit_code: str = ""
    exit_message: str = ""
    error_code: str = ""
    error_message: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
    action_retry: int = 0


@dataclass(frozen=True, slots=True)
class TaskRedelivered:
    """An ant received a task message that another ant had received before.

    `delivery` counts how often the message has been delivered (0: unknown).
    """

    task_type: str
    attempt: int
    ant_id: str
    delivery: int = 0


@dataclass(frozen=True, slots=True)
class TaskLost:
    """Nobody has an attempt: no message of it is left, and no ant reports it."""

    task_type: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ChildForked:
    """The child run of a fork task exists."""

    task_type: str
    attempt: int
    child_request_id: str


@dataclass(frozen=True, slots=True)
class ItemsListed:
    """It is known for how many items a fork task forks, and where they are kept."""

    task_type: str
    attempt: int
    total: int
    listing: str
    max_parallel: int = 0


@dataclass(frozen=True, slots=True)
class BatchDue:
    """The next children of a fork task with items are to be made; `fork` is its letter of `forks`.

    What it leads to is `ItemsForked`, or the failure of the task.
    """

    task_type: str
    attempt: int
    fork: str
    begin: int


@dataclass(frozen=True, slots=True)
class ItemsForked:
    """The children for the items from `begin` up to `end` exist."""

    task_type: str
    attempt: int
    fork: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class CancelDue:
    """Children of the fork task at a place are to be cancelled, from `begin` up to `end`."""

    index: int
    fork: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class ChildFinished:
    """A child run reached its end; `item` tells one of many from the only child of its task."""

    task_type: str
    child_request_id: str
    state: RequestState
    error_code: str = ""
    error_message: str = ""
    item: int = -1


@dataclass(frozen=True, slots=True)
class ChildrenFinished:
    """All children of a fork task with items have ended: how many in which state."""

    task_type: str
    fork: str
    completed: int
    failed: int = 0
    cancelled: int = 0
    failures: str = ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A durable timer came due; `task_type` is empty and `attempt` 0 for timers of the whole run.

    A message that arrives before `fire_at` (a queue delays 15 minutes at most) is sent on its way
    again. That of a lease which still holds, too, unless the look at it is to be made but `once`.
    """

    timer: TimerKind
    task_type: str = ""
    attempt: int = 0
    fire_at: datetime | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody (or the parent run) asked to end the run; `unbegun` spares one that has begun."""

    reason: str = ""
    unbegun: bool = False


@dataclass(frozen=True, slots=True)
class RestartRequested:
    """Somebody asked to run again what did not complete; `hard` runs all tasks again.

    `from_task` runs that task and what follows it; a `job_version` of 0 stays on the version that
    the run is pinned to.
    """

    hard: bool = False
    from_task: str = ""
    job_version: int = 0


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Somebody asked to hold the run, which was paused `after` times before; `now` interrupts."""

    now: bool = False
    after: int = 0


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Somebody asked to end the pause of that number."""

    hold: int = 0


@dataclass(frozen=True, slots=True)
class TriggerRequested:
    """Somebody asked to run now what is scheduled for later."""


Event = (
    JobSubmitted
    | SlotFreed
    | SlotsGranted
    | TaskStarted
    | TaskFinished
    | TaskRedelivered
    | TaskLost
    | ChildForked
    | ItemsListed
    | BatchDue
    | ItemsForked
    | CancelDue
    | ChildFinished
    | ChildrenFinished
    | TimerFired
    | CancelRequested
    | RestartRequested
    | PauseRequested
    | ResumeRequested
    | TriggerRequested
)


def event_key(event: Event) -> str:
    """Name the event so that its redelivery, and nothing else of the run, has the same name."""
    names = _TELLING.get(type(event), ())
    return ":".join([type(event).__name__, *(str(getattr(event, name)) for name in names)])


# What tells an event from others of its kind in the same run.
_OF_ATTEMPT, _OF_CHILD = ("task_type", "attempt"), ("task_type", "child_request_id")
_TELLING: Mapping[type[Event], tuple[str, ...]] = {
    TaskFinished: _OF_ATTEMPT,
    TaskStarted: _OF_ATTEMPT,
    TaskRedelivered: _OF_ATTEMPT,
    TaskLost: _OF_ATTEMPT,
    TimerFired: ("timer", *_OF_ATTEMPT),
    SlotFreed: ("task_type", "stint", "by"),
    ChildForked: _OF_CHILD,
    ItemsListed: _OF_ATTEMPT,
    BatchDue: (*_OF_ATTEMPT, "fork", "begin"),
    ItemsForked: (*_OF_ATTEMPT, "fork", "begin"),
    CancelDue: ("index", "fork", "begin"),
    ChildrenFinished: ("task_type", "fork"),
    ChildFinished: _OF_CHILD,
    PauseRequested: ("after",),
    ResumeRequested: ("hold",),
}


# What somebody, or the parent run, asks for.
Asked = CancelRequested | RestartRequested | PauseRequested | ResumeRequested | TriggerRequested


# How an attempt can end, as whoever ran it may say.
OUTCOMES = (RequestState.COMPLETED, RequestState.FAILED, RequestState.CANCELLED)


def presumption(event: TaskFinished) -> str:
    """Say what of a report its sender may not set; empty when all is in order."""
    if event.status not in OUTCOMES:
        return f"an attempt ends {', '.join(OUTCOMES)}; nobody may report that it is {event.status}"
    if event.action or event.action_retry:
        return "what a failure leads to is said by the table of error codes, not by a report"
    return ""


def begins_execution(event: Event) -> bool:
    """Whether the event can begin another execution of its run."""
    if isinstance(event, TimerFired):
        return event.timer is TimerKind.JOB_RETRY
    return isinstance(event, RestartRequested | TriggerRequested | ResumeRequested)
