"""Tells that nothing has come for a while."""

import threading
import time
from collections.abc import Callable


class PauseWatch:
    """Calls back when so many seconds have passed since the last touch.

    In one thread of its own, which is started when it is first needed.
    """

    def __init__(self, seconds: float, paused: Callable[[], None]) -> None:
        self._seconds = seconds
        self._paused = paused
        self._changed = threading.Condition()
        self._due: float | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def touch(self) -> None:
        """Begin to count, anew."""
        with self._changed:
            waits = self._due is not None
            self._due = time.monotonic() + self._seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pause", daemon=True)
                self._thread.start()
            elif not waits:
                self._changed.notify()

    def close(self) -> None:
        """Call back no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wait():
            self._paused()

    def _wait(self) -> bool:
        """Wait for a pause; False when closed."""
        with self._changed:
            while not self._closed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is not None and left <= 0:
                    self._due = None
                    return True
                self._changed.wait(left)
            return False
