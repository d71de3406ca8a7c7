"""Follows the scripts in a container by its output, and stops them when told to.

A thread reads the output, since the streams of engines cannot be waited for together with a stop;
the thread of the task writes it to the log. The queue between them is short: a task that writes
faster than the log takes it is slowed down, not kept in memory.
"""

import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.executors.containers.launcher import AFTER_SCRIPT, SCRIPT, Launch
from ant_agent.executors.containers.marks import Mark, MarkFilter
from ant_agent.output_log import OutputSink
from formicary.domain.log_streams import Stream

_log = logging.getLogger(__name__)
_BLOCKS = 64
_KILL_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_JOIN_SECONDS = 2.0


class Order(StrEnum):
    """Signals that the launcher obeys."""

    END = "TERM"
    KILL = "USR2"
    AFTER = "USR1"


class Gone:
    """The output ended: the container did, too."""


class _Woken:
    """Somebody said stop: look."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Output of the task."""

    stream: Stream
    data: bytes


@dataclass(frozen=True, slots=True)
class ScriptEnd:
    """How a script ended; `code` None when the container is gone and told nothing."""

    code: int | None = None
    item: int | None = None
    oom_kills: int = 0
    stopped: StopReason | None = None


class ScriptRun:
    """One container; `close` comes last."""

    def __init__(
        self,
        blocks: Generator[tuple[Stream, bytes]],
        *,
        launch: Launch,
        send: Callable[[Order], None],
        output: OutputSink,
        cancellation: Cancellation,
        grace_seconds: float,
    ) -> None:
        self._blocks = blocks
        self._filters = {stream: MarkFilter(launch.nonce) for stream in launch.streams}
        self._send = send
        self._output = output
        self._cancellation = cancellation
        self._grace_seconds = grace_seconds
        self._queue: queue.Queue[_Block | Mark | Gone | _Woken] = queue.Queue(_BLOCKS)
        # How many streams have come to a mark that is written to each.
        self._told: Counter[Mark] = Counter()
        self._closed = False
        self._gone = False
        self.border_at: datetime | None = None
        cancellation.on_stop(self._wake)
        self._reader = threading.Thread(target=self._read, name="output", daemon=True)
        self._reader.start()

    def until(self, kind: str, seconds: float) -> Mark | Gone | None:
        """Wait for what the launcher tells before it begins; None for a stop and a lack of time."""
        return self._until((kind,), time.monotonic() + seconds, self._stopped)

    def script(self) -> ScriptEnd:
        """Follow the script to its end."""
        return self._to_the_end(SCRIPT)

    def after_script(self) -> ScriptEnd:
        """Have the after_script run and follow it."""
        if not self._gone:
            self._send(Order.AFTER)
        return self._to_the_end(AFTER_SCRIPT)

    def close(self) -> None:
        """Read no more; the stream is closed already, or ends with its container."""
        self._closed = True
        with contextlib.suppress(ValueError):
            self._cancellation.forget(self._wake)
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        self._reader.join(_JOIN_SECONDS)

    def _to_the_end(self, name: str) -> ScriptEnd:
        ended = ("ended", name)
        found = self._until(ended, None, self._stopped)
        if found is not None:
            return _end_of(found)
        reason = self._cancellation.reason
        return _end_of(self._stop(reason, ended), reason)

    def _stop(self, reason: StopReason | None, ended: tuple[str, ...]) -> Mark | Gone | None:
        if reason is not StopReason.ABANDONED:
            self._try_to_send(Order.END)
            end = time.monotonic() + self._grace_seconds
            found = self._until(ended, end, self._abandoned)
            if found is not None:
                return found
        self._try_to_send(Order.KILL)
        return self._until(ended, time.monotonic() + _KILL_SECONDS, self._abandoned)

    def _try_to_send(self, order: Order) -> None:
        try:
            self._send(order)
        except Exception:  # noqa: BLE001 - whatever the engine says: the container is removed next
            _log.warning("could not stop a script", exc_info=True)

    def _stopped(self) -> bool:
        return self._cancellation.reason is not None

    def _abandoned(self) -> bool:
        return self._cancellation.reason is StopReason.ABANDONED

    def _until(
        self, wanted: tuple[str, ...], end: float | None, give_up: Callable[[], bool]
    ) -> Mark | Gone | None:
        while not self._gone:
            left = _LOOK_SECONDS if end is None else min(end - time.monotonic(), _LOOK_SECONDS)
            if give_up() or left <= 0:
                return None
            try:
                event = self._queue.get(timeout=self._shorter(left))
            except queue.Empty:
                continue
            if self._take(event, wanted):
                assert not isinstance(event, _Block | _Woken)  # noqa: S101 - see _take
                return event
        return Gone()

    def _shorter(self, seconds: float) -> float:
        remaining = self._cancellation.remaining()
        # A timeout that has passed is obeyed already when this is asked.
        return seconds if not remaining else min(seconds, remaining)

    def _take(self, event: _Block | Mark | Gone | _Woken, wanted: tuple[str, ...]) -> bool:
        """Whether it is what is waited for."""
        match event:
            case _Block():
                self._output.write(event.data, event.stream)
            case Mark(kind="border"):
                self.border_at = datetime.now(UTC)
            case Mark():
                return (event.kind, *event.words)[: len(wanted)] == wanted
            case Gone():
                self._gone = True
                return True
        return False

    def _wake(self) -> None:
        # A full queue is being read: the reader of it looks anyway.
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(_Woken())

    def _read(self) -> None:
        try:
            # Left to the garbage collector its connection would be open for a while.
            with contextlib.closing(self._blocks):
                for stream, block in self._blocks:
                    self._sort(stream, block)
                    if self._closed:
                        return
        except Exception as error:  # noqa: BLE001 - clients raise many kinds when a stream breaks
            if not self._closed:
                _log.warning("the output of a container broke off", extra={"error": str(error)})
        for stream, held in self._filters.items():
            rest = held.rest()
            if rest:
                self._put(_Block(stream, rest))
        self._put(Gone())

    def _sort(self, stream: Stream, block: bytes) -> None:
        """Pass output on; a mark when all streams have come to it."""
        for event in self._filters[stream].feed(block):
            if isinstance(event, bytes):
                self._put(_Block(stream, event))
            elif event.kind == "border":
                self._put(event)
            else:
                self._told[event] += 1
                if self._told[event] == len(self._filters):
                    del self._told[event]
                    self._put(event)

    def _put(self, event: _Block | Mark | Gone) -> None:
        while not self._closed:
            with contextlib.suppress(queue.Full):
                self._queue.put(event, timeout=0.1)
                return


def _end_of(found: Mark | Gone | None, stopped: StopReason | None = None) -> ScriptEnd:
    if not isinstance(found, Mark):
        return ScriptEnd(stopped=stopped)
    _, code, item, kills, _ = found.words
    return ScriptEnd(
        code=int(code),
        item=int(item) if item.isdecimal() else None,
        oom_kills=max(0, int(kills)),
        stopped=stopped,
    )
