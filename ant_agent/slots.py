"""Who may poll and who may run: capacity in tasks, shared fairly by any number of queues.

A poller asks before it polls, first come first served. A poll counts as a taken slot while it is
fresh; a queue that had a message would have answered by then, so afterwards the slot may be lent to
another poller, and no idle queue holds capacity back or has to be asked in short, costly polls.
Should both bring a task, the second waits a little for a slot, or is given back for another ant.
"""

import itertools
import threading
import time
from collections import deque

FRESH_SECONDS = 0.25


class Slots:
    """Never more than `capacity` tasks run at once."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._running = 0
        self._polls: dict[int, float] = {}
        self._tickets = itertools.count()
        self._pollers: deque[int] = deque()
        self._arrived = 0
        self._closed = False
        self._held = False

    def hold(self, held: bool) -> None:
        """Begin no poll, or begin polls again; what runs goes on."""
        with self._changed:
            if held != self._held:
                self._held = held
                self._changed.notify_all()

    @property
    def running(self) -> int:
        """Tasks that hold a slot."""
        with self._changed:
            return self._running

    def begin_poll(self) -> int | None:
        """Wait for the turn to poll; return the poll's number, None when the ant takes no more."""
        with self._changed:
            ticket = next(self._tickets)
            self._pollers.append(ticket)
            while not self._closed:
                pause = self._pause_before_poll(ticket)
                if pause == 0:
                    break
                self._changed.wait(pause)
            self._pollers.remove(ticket)
            self._changed.notify_all()
            if self._closed:
                return None
            self._polls[ticket] = time.monotonic()
            return ticket

    def end_poll(self, poll: int) -> None:
        """Give the turn back: the poll brought nothing."""
        with self._changed:
            del self._polls[poll]
            self._changed.notify_all()

    def take(self, poll: int, patience_seconds: float) -> bool:
        """Turn a poll into a running task; False when no slot is free in time or the ant stops."""
        with self._changed:
            del self._polls[poll]
            self._arrived += 1
            free = self._changed.wait_for(
                lambda: self._closed or self._running < self._capacity, patience_seconds
            )
            self._arrived -= 1
            taken = free and not self._closed
            self._running += taken
            self._changed.notify_all()
            return taken

    def free(self) -> None:
        """A task has ended."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, timeout_seconds: float | None = None) -> bool:
        """Wait until nothing runs."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, timeout_seconds)

    def _pause_before_poll(self, ticket: int) -> float | None:
        """Return 0 for go, else how long to wait at most (None: until something changes)."""
        if self._held or self._pollers[0] != ticket:
            return None
        now = time.monotonic()
        ages = sorted((now - began for began in self._polls.values()), reverse=True)
        fresh = [age for age in ages if age < FRESH_SECONDS]
        if self._running + self._arrived + len(fresh) < self._capacity:
            return 0
        # The oldest of the fresh polls is the next to give its slot up.
        return FRESH_SECONDS - fresh[0] + 0.001 if fresh else None
