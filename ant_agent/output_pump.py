"""Moves the output of a process from its pipe to a sink while waiting for the process to end.

It waits for the process, never for the end of the pipe: a daemon may hold that open for ever.
"""

import os
import selectors
import time
from typing import IO

from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.exit_watch import ExitWatch
from ant_agent.output_log import OutputSink

_BLOCK = 64 * 1024
_DRAIN_LIMIT = 2**20


class OutputPump:
    """The loop of one process; used by one thread."""

    def __init__(self, pipe: IO[bytes], sink: OutputSink, watch: ExitWatch) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._sink = sink
        self._watch = watch
        self._open = True

    def until_exit(self, cancellation: Cancellation) -> bool:
        """Pump until the process ends (True) or is to be stopped (False)."""
        with self._selector(cancellation) as selector:
            while cancellation.reason is None:
                if self._step(selector, cancellation.remaining()):
                    return True
        return False

    def until_exit_within(self, seconds: float, cancellation: Cancellation) -> bool:
        """Pump until the process ends (True), the time is up or the ant gives up (False)."""
        end = time.monotonic() + seconds
        with self._selector(None) as selector:
            while (left := end - time.monotonic()) > 0:
                if cancellation.reason is StopReason.ABANDONED:
                    return False
                if self._step(selector, min(left, 0.2)):
                    return True
        return False

    def drain(self) -> None:
        """Take what is in the pipe now; nobody of the task is left to write more."""
        taken = 0
        while self._open and taken < _DRAIN_LIMIT:
            block = self._read()
            if not block:
                return
            taken += len(block)

    def _selector(self, cancellation: Cancellation | None) -> selectors.BaseSelector:
        selector = selectors.DefaultSelector()
        selector.register(self._watch, selectors.EVENT_READ)
        if cancellation is not None:
            selector.register(cancellation, selectors.EVENT_READ)
        if self._open:
            selector.register(self._pipe, selectors.EVENT_READ)
        return selector

    def _step(self, selector: selectors.BaseSelector, timeout: float | None) -> bool:
        """Wait for something and move output; True when the process has ended."""
        ended = False
        for key, _ in selector.select(timeout):
            if key.fileobj is self._pipe:
                self._read()
                if not self._open:
                    selector.unregister(self._pipe)
            elif key.fileobj is self._watch:
                ended = True
        return ended

    def _read(self) -> bytes:
        try:
            block = os.read(self._pipe.fileno(), _BLOCK)
        except BlockingIOError:
            return b""
        if block:
            self._sink.write(block)
        else:
            self._open = False
        return block
