"""The time, and ids that nobody can guess."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""


class IdGenerator(Protocol):
    """Ids and keys that nobody can guess."""

    def ulid(self) -> str:
        """Return a new ULID: 26 characters, sorted by time."""

    def key(self) -> str:
        """Return a new secret of at least 128 bits as text."""
