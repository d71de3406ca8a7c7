"""What the engine wants done. Each is idempotent on (execution, task, attempt)."""

from dataclasses import dataclass
from datetime import datetime

from formicary.domain.events import TimerKind


@dataclass(frozen=True, slots=True)
class DispatchTask:
    """Render the task and put it on the queue of its routing key.

    `again` tells that it was put there before and is believed to be lost.
    """

    task_type: str
    attempt: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class ForkJob:
    """Create the child run of a fork task."""

    task_type: str
    attempt: int
    child_request_id: str


@dataclass(frozen=True, slots=True)
class ForkItems:
    """Have the children for the items from `begin` on made, by an event of its own.

    `fork` tells, here as below, how often the task has forked.
    """

    task_type: str
    attempt: int
    index: int
    fork: str
    begin: int


@dataclass(frozen=True, slots=True)
class CancelItems:
    """Cancel the children of a fork task with items, from `begin` up to `end`, a batch an event."""

    index: int
    fork: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Send `TimerFired` to the run at `fire_at` or shortly after."""

    timer: TimerKind
    fire_at: datetime
    task_type: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class AcquireSlots:
    """Take the slots of all gates of the run, or wait in line at one that is full.

    `waited` tells that it stands in line already.
    """

    stint: int
    waited: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseSlots:
    """Give back the slots of a stint, leave the line, and tell who is next."""

    stint: int


@dataclass(frozen=True, slots=True)
class ReturnLease:
    """Give back what a task that has ended leased, unless a later attempt has it by now.

    `stint` numbers the attempt that ended (`lease_stint`).
    """

    task_type: str
    stint: int = 0


@dataclass(frozen=True, slots=True)
class PlanNext:
    """Make the occurrence of the schedule that follows this one."""


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Tell the ant that runs this attempt to end it."""

    task_type: str
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelChild:
    """Cancel a child run."""

    child_request_id: str


@dataclass(frozen=True, slots=True)
class NotifyParent:
    """Tell the parent run that this one has ended."""


Command = (
    DispatchTask
    | ForkJob
    | ForkItems
    | StartTimer
    | AcquireSlots
    | ReleaseSlots
    | PlanNext
    | ReturnLease
    | CancelTask
    | CancelChild
    | CancelItems
    | NotifyParent
)
