"""Moves the output of a process from its pipes to a sink while waiting for the process to end.

It waits for the process, never for the end of a pipe: a daemon may hold that open for ever.
"""

import os
import selectors
import time
from collections.abc import Mapping
from typing import IO, cast

from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.exit_watch import ExitWatch
from ant_agent.output_log import OutputSink
from formicary.domain.log_streams import Stream

_BLOCK = 64 * 1024
_DRAIN_LIMIT = 2**20


class OutputPump:
    """The loop of one process; used by one thread."""

    def __init__(
        self, pipes: Mapping[IO[bytes], Stream], sink: OutputSink, watch: ExitWatch
    ) -> None:
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
        self._open = dict(pipes)
        self._sink = sink
        self._watch = watch

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
        """Take what is in the pipes now; nobody of the task is left to write more."""
        for pipe in list(self._open):
            taken = 0
            while taken < _DRAIN_LIMIT and (block := self._read(pipe)):
                taken += len(block)

    def _selector(self, cancellation: Cancellation | None) -> selectors.BaseSelector:
        selector = selectors.DefaultSelector()
        selector.register(self._watch, selectors.EVENT_READ)
        if cancellation is not None:
            selector.register(cancellation, selectors.EVENT_READ)
        for pipe in self._open:
            selector.register(pipe, selectors.EVENT_READ)
        return selector

    def _step(self, selector: selectors.BaseSelector, timeout: float | None) -> bool:
        """Wait for something and move output; True when the process has ended."""
        ended = False
        for key, _ in selector.select(timeout):
            if key.fileobj is self._watch:
                ended = True
            elif key.fileobj in self._open:
                pipe = cast("IO[bytes]", key.fileobj)
                self._read(pipe)
                if pipe not in self._open:
                    selector.unregister(pipe)
        return ended

    def _read(self, pipe: IO[bytes]) -> bytes:
        try:
            block = os.read(pipe.fileno(), _BLOCK)
        except BlockingIOError:
            return b""
        if block:
            self._sink.write(block, self._open[pipe])
        else:
            del self._open[pipe]
        return block
