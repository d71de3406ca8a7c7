"""Telling people and programs how jobs ended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from formicary.domain.job_run import JobRun
from formicary.domain.letter import Letter, Story
from formicary.domain.lifecycle_event import RunEnd
from formicary.domain.notification import Ending, Notification


class NotificationRepository(Protocol):
    """What is known of each telling."""

    def find(self, tenant: str, request_id: str, notification_id: str) -> Notification | None:
        """Return a telling, read consistently."""

    def save(self, tenant: str, notification: Notification) -> Notification:
        """Store it if the stored version is still its own (0: there is none), as the next one.

        ConcurrentUpdateError otherwise.
        """

    def list(self, tenant: str, request_id: str) -> Sequence[Notification]:
        """Return the tellings of a run by id."""


class ToldEnds(Protocol):
    """The ends of runs that the event bus was told of, for a week."""

    def note(self, ends: Sequence[RunEnd]) -> None:
        """Note that the bus has taken them, of any tenants."""

    def untold(self, tenant: str, ends: Collection[RunEnd]) -> Collection[RunEnd]:
        """Return those that nobody has noted. They should lie close by the ids of their runs."""


class EndedRuns(Protocol):
    """The runs that have ended."""

    def previous_ended(self, run: JobRun) -> JobRun | None:
        """Return the newest COMPLETED or FAILED run of its job type submitted before it.

        As lists show it; None also when it lies very far back.
        """


class Mailer(Protocol):
    """Sends e-mail."""

    def send(self, address: str, letter: Letter) -> None:
        """Send a letter; DeliveryRefusedError when it can never be sent."""


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a web server answered; of the body the beginning."""

    status: int
    body: bytes = b""


class WebCaller(Protocol):
    """Calls web servers of others: bounded in time and size, without following redirects."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """POST a body.

        DeliveryRefusedError for a URL that may never be called, UnavailableError when nobody
        answers.
        """


class LetterWriter(Protocol):
    """Puts into words how a run ended."""

    def write(self, story: Story) -> Letter:
        """Return the words."""


class LaterEndings(Protocol):
    """Where endings go that could not be told to all."""

    def tell_again(self, ending: Ending, moment: datetime) -> None:
        """Have an ending told again at a moment; the same try asked for twice is made once."""

    def give_up(self, ending: Ending) -> None:
        """Lay an ending aside for an operator."""
