"""What is known of tellings, and those who are told, in memory."""

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.letter import Letter
from formicary.domain.notification import Ending, Notification
from formicary.ports import WebAnswer


class InMemoryNotifications:
    """NotificationRepository on a dict."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[tuple[str, str], dict[str, Notification]] = {}

    def find(self, tenant: str, request_id: str, notification_id: str) -> Notification | None:
        """Return a telling."""
        with self._lock:
            return self._stored.get((tenant, request_id), {}).get(notification_id)

    def save(self, tenant: str, notification: Notification) -> Notification:
        """Store it if nobody else did since it was read."""
        with self._lock:
            of_run = self._stored.setdefault((tenant, notification.job_request_id), {})
            there = of_run.get(notification.id)
            if (there.version if there else 0) != notification.version:
                raise ConcurrentUpdateError(f"{notification.id} was changed by somebody else.")
            saved = dataclasses.replace(notification, version=notification.version + 1)
            of_run[saved.id] = saved
            return saved

    def list(self, tenant: str, request_id: str) -> Sequence[Notification]:
        """Return the tellings of a run by id."""
        with self._lock:
            of_run = self._stored.get((tenant, request_id), {})
            return [of_run[name] for name in sorted(of_run)]


class InMemoryMailer:
    """Mailer that keeps what it sends; what is put into `faults` is raised once, in that order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Letter]] = []
        self.faults: list[Exception] = []

    def send(self, address: str, letter: Letter) -> None:
        """Keep a letter."""
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((address, letter))


class InMemoryWeb:
    """WebCaller that keeps what is posted; `answers` come first, then 200."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.answers: list[WebAnswer | Exception] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """Keep a body and answer."""
        answer = self.answers.pop(0) if self.answers else WebAnswer(200, b"ok")
        if isinstance(answer, Exception):
            raise answer
        self.posted.append((url, body, dict(headers)))
        return answer


class InMemoryLaterEndings:
    """LaterEndings as lists."""

    def __init__(self) -> None:
        self.again: list[tuple[Ending, datetime]] = []
        self.given_up: list[Ending] = []

    def tell_again(self, ending: Ending, moment: datetime) -> None:
        """Keep what is to be told again."""
        self.again.append((ending, moment))

    def give_up(self, ending: Ending) -> None:
        """Keep what nobody tells any more."""
        self.given_up.append(ending)
