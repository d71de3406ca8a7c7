"""Who is told what: the decision, and what is known of each telling."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel

from formicary.domain.job_definition import NotifyChannel, NotifyConfig, NotifyWhen
from formicary.domain.states import RequestState

MAX_TRIES = 8
_FIRST_PAUSE = timedelta(minutes=1)


class Channel(StrEnum):
    """A way of telling."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


class NotificationState(StrEnum):
    """How a telling stands. REFUSED can never succeed; GIVEN_UP has failed too often."""

    SENDING = "SENDING"
    SENT = "SENT"
    FAILING = "FAILING"
    REFUSED = "REFUSED"
    GIVEN_UP = "GIVEN_UP"


class Ending(BaseModel, frozen=True):
    """What is told: a run has ended, or a task of it (by its place in the definition).

    `key` names this ending among all of the run; `tries` counts how often it was told in part.
    """

    tenant: str
    job_request_id: str
    job_execution_id: str
    key: str
    state: RequestState
    task_index: int | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Notification:
    """One recipient of one ending. `recipient` is what may be shown: no part of it is secret.

    `task_type` is empty when the run itself has ended.
    """

    id: str
    job_request_id: str
    job_execution_id: str
    channel: Channel
    recipient: str
    job_state: RequestState
    created_at: datetime
    updated_at: datetime
    task_type: str = ""
    fixed: bool = False
    state: NotificationState = NotificationState.SENDING
    attempts: int = 0
    error: str = ""
    version: int = 0

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.state in {NotificationState.SENT, NotificationState.REFUSED}


def notification_id(ending: Ending, channel: Channel, recipient: str) -> str:
    """Return the id of a telling: the same for the same ending, channel and recipient."""
    digest = hashlib.sha256(recipient.encode(errors="backslashreplace")).hexdigest()[:16]
    return f"{ending.key}:{channel}:{digest}"


def is_fixed(state: RequestState, previous: RequestState | None) -> bool:
    """Whether a success is the first one after a failure."""
    return state is RequestState.COMPLETED and previous is RequestState.FAILED


def is_told(when: NotifyWhen, state: RequestState, *, fixed: bool) -> bool:
    """Whether a channel is told of an ending."""
    if when == "onSuccess":
        return state is RequestState.COMPLETED
    if when == "onFailure":
        return state is RequestState.FAILED or fixed
    return when == "always"


def channels_of(config: NotifyConfig | None) -> dict[Channel, NotifyChannel]:
    """Return the channels that can be told of anything at all."""
    named = {Channel.EMAIL: config.email, Channel.SLACK: config.slack} if config else {}
    return {name: found for name, found in named.items() if found and found.when != "never"}


def pause_before(tries: int) -> timedelta:
    """Return how long to wait before the next try: a minute, and twice as long each time."""
    return _FIRST_PAUSE * (1 << max(0, tries - 1))
