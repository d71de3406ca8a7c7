"""A queue as SQS is one: at least once, hidden while somebody works on it, delayed if asked."""

import heapq
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from formicary.ports import Clock


@dataclass(frozen=True, slots=True)
class Received:
    """A message as one receiver got it; the receipt is good until the next receive of it.

    `waited_seconds` is how long ago it was sent.
    """

    message_id: str
    receipt: str
    body: str
    receive_count: int
    waited_seconds: float


@dataclass(order=True, slots=True)
class _Entry:
    visible_at: datetime
    number: int
    body: str = field(compare=False)
    sent_at: datetime = field(compare=False)
    receive_count: int = field(default=0, compare=False)

    @property
    def receipt(self) -> str:
        return f"{self.number}:{self.receive_count}"


class InMemoryQueue:
    """Messages in the order in which they become visible; `dead_letters` are those given up."""

    def __init__(
        self, clock: Clock, visibility_seconds: float, max_receive_count: int | None = None
    ) -> None:
        self._clock = clock
        self._visibility = timedelta(seconds=visibility_seconds)
        self._max_receive_count = max_receive_count
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._heap: list[_Entry] = []
        self._entries: dict[int, _Entry] = {}
        self.dead_letters: list[str] = []

    def __len__(self) -> int:
        """Count all messages, hidden ones too."""
        return len(self._entries)

    def send(self, body: str, delay_seconds: float = 0) -> None:
        """Put a message in."""
        with self._lock:
            now = self._clock.now()
            at = now + timedelta(seconds=delay_seconds)
            entry = _Entry(at, next(self._numbers), body, now)
            self._entries[entry.number] = entry
            heapq.heappush(self._heap, entry)

    def receive(self, max_messages: int = 10) -> Sequence[Received]:
        """Return visible messages and hide them for a while; never waits."""
        with self._lock:
            now = self._clock.now()
            received: list[Received] = []
            while len(received) < max_messages and self._first_visible_at(now):
                entry = heapq.heappop(self._heap)
                if entry.receive_count == self._max_receive_count:
                    self.dead_letters.append(self._entries.pop(entry.number).body)
                    continue
                received.append(self._hide(entry, now))
            return received

    def delete(self, receipt: str) -> bool:
        """Remove a message; False when the receipt is no longer the latest of it."""
        with self._lock:
            entry = self._held(receipt)
            if entry is not None:
                del self._entries[entry.number]
            return entry is not None

    def extend(self, receipt: str, seconds: float) -> bool:
        """Hide a message so long from now (0 shows it at once); False when the lease is lost."""
        with self._lock:
            entry = self._held(receipt)
            now = self._clock.now()
            if entry is None or entry.visible_at <= now:
                return False
            self._move(entry, now + timedelta(seconds=seconds), entry.receive_count)
            return True

    def next_visible_at(self) -> datetime | None:
        """Return when there is, or was, a message to receive; None when the queue is empty."""
        with self._lock:
            self._drop_superseded()
            return self._heap[0].visible_at if self._heap else None

    def bodies(self) -> Sequence[str]:
        """Return all messages in the order in which they become visible."""
        with self._lock:
            return [entry.body for entry in sorted(self._entries.values())]

    def _first_visible_at(self, now: datetime) -> bool:
        self._drop_superseded()
        return bool(self._heap) and self._heap[0].visible_at <= now

    def _drop_superseded(self) -> None:
        while self._heap and self._entries.get(self._heap[0].number) is not self._heap[0]:
            heapq.heappop(self._heap)

    def _hide(self, entry: _Entry, now: datetime) -> Received:
        hidden = self._move(entry, now + self._visibility, entry.receive_count + 1)
        waited = (now - entry.sent_at).total_seconds()
        return Received(str(entry.number), hidden.receipt, entry.body, hidden.receive_count, waited)

    def _move(self, entry: _Entry, visible_at: datetime, receive_count: int) -> _Entry:
        moved = _Entry(visible_at, entry.number, entry.body, entry.sent_at, receive_count)
        self._entries[entry.number] = moved
        heapq.heappush(self._heap, moved)
        return moved

    def _held(self, receipt: str) -> _Entry | None:
        entry = self._entries.get(int(receipt.partition(":")[0]))
        return entry if entry is not None and entry.receipt == receipt else None
