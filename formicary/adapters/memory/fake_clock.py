"""Time and ids that a test decides."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the moment it stands at."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on and return the new moment."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now

    def advance_to(self, moment: datetime) -> datetime:
        """Move on to a moment; one that has passed changes nothing."""
        with self._lock:
            self._now = max(self._now, moment)
            return self._now


class SequentialIds:
    """Ids that count up, in the form of ULIDs; keys that follow from the seed."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._count = 0
        self._lock = threading.Lock()

    def ulid(self) -> str:
        """Return the next number as 26 digits."""
        return f"{self._next():026d}"

    def key(self) -> str:
        """Return the next key."""
        return hashlib.sha256(f"{self._seed}:{self._next()}".encode()).hexdigest()[:32]

    def _next(self) -> int:
        with self._lock:
            self._count += 1
            return self._count
