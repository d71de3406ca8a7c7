"""How a running attempt is told to stop, and how long it may still run.

A stop wakes whoever waits in `select` on `fileno()`, and calls those who asked by `on_stop`.
"""

import os
import threading
import time
from collections.abc import Callable
from enum import StrEnum


class StopReason(StrEnum):
    """Why an attempt ends before its script does."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    ABANDONED = "abandoned"


class TaskStoppedError(Exception):
    """The attempt was told to stop."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Cancellation:
    """The stop signal of one attempt; the first reason counts, but an abandoned ant overrides."""

    def __init__(self, timeout_seconds: float | None = None) -> None:
        self._lock = threading.Lock()
        self._reason: StopReason | None = None
        self._cancelled = False
        self._deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._read_end, self._write_end = os.pipe()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def reason(self) -> StopReason | None:
        """Why it shall stop, None while it may go on."""
        remaining = self.remaining()
        if self._reason is None and remaining is not None and remaining <= 0:
            self.stop(StopReason.TIMED_OUT)
        return self._reason

    def allow_clean_up(self, at_least_seconds: float) -> None:
        """Let a stopped attempt, or one with little time left, go on for so long."""
        with self._lock:
            if self._reason is StopReason.ABANDONED:
                return
            if self._reason is not None:
                os.read(self._read_end, 64)
                self._reason = None
                self._deadline = 0.0
            if self._deadline is not None:
                self._deadline = max(self._deadline, time.monotonic() + at_least_seconds)

    def remaining(self) -> float | None:
        """Seconds until the time is up (never below 0), None for no limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def check(self) -> None:
        """Raise TaskStoppedError when it shall stop."""
        reason = self.reason
        if reason is not None:
            raise TaskStoppedError(reason)

    def stop(self, reason: StopReason) -> None:
        """Tell the attempt to stop."""
        with self._lock:
            # A cancel is repeated with every heartbeat; only the first one may end a clean-up.
            repeated = reason is StopReason.CANCELLED and self._cancelled
            if repeated or (self._reason is not None and reason is not StopReason.ABANDONED):
                return
            self._reason = reason
            self._cancelled |= reason is StopReason.CANCELLED
            callbacks = list(self._callbacks)
            if self._write_end >= 0:
                os.write(self._write_end, b"!")
        for callback in callbacks:
            callback()

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call back when it is told to stop, at once when it has been."""
        with self._lock:
            self._callbacks.append(callback)
            stopped = self._reason is not None
        if stopped:
            callback()

    def forget(self, callback: Callable[[], None]) -> None:
        """Do not call back any more."""
        with self._lock:
            self._callbacks.remove(callback)

    def fileno(self) -> int:
        """Readable once it is told to stop (the passing of time is for the caller to see)."""
        return self._read_end

    def close(self) -> None:
        """Give the file descriptors back."""
        with self._lock:
            os.close(self._read_end)
            os.close(self._write_end)
            self._read_end = self._write_end = -1
