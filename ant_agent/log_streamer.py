"""Ships the output file of a running task as numbered objects: `log/000001`, `log/000002`, ...

A chunk is at most 1 MiB, less where the note of its streams would be too long, and never ends
inside a UTF-8 character unless the output does. A store that is away delays chunks, it never holds
up the task.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Protocol

from ant_agent.aws_errors import AWS_OR_FILE_FAULTS
from ant_agent.stream_switches import StreamSwitches
from ant_agent.write_times import WriteTimes
from formicary.domain.log_streams import Stream, fitting, note_streams
from formicary.domain.log_times import note_times

_log = logging.getLogger(__name__)
INLINE_LIMIT = 4096
_CHUNK = 2**20
_FLUSH_SECONDS = 2.0
_CLOSE_ATTEMPTS = 4
_PARTIAL_CHARACTER = 3


class ObjectSink(Protocol):
    """Where chunks go."""

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Store an object, with what is noted of it."""


class LogStreamer:
    """One thread, started with the first output, that follows the file."""

    def __init__(self, fd: int, sink: ObjectSink, prefix: str) -> None:
        self.warnings: list[str] = []
        self._fd = fd
        self._sink = sink
        self._prefix = prefix
        self._born = time.monotonic()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._size = 0
        self._sent = 0
        self._chunks = 0
        self._idle = False
        self._closing = False
        self._abandoned = False
        self._times = WriteTimes()
        self._switches = StreamSwitches()
        self._new_line = True

    def comes_from(self, stream: Stream, offset: int) -> None:
        """Tell from which stream the bytes from the offset on come."""
        with self._changed:
            self._switches.comes_from(stream, offset)

    def grown(self, size: int) -> None:
        """Tell how long the file is now."""
        with self._changed:
            self._times.written(self._size)
            passed_limit = self._size <= INLINE_LIMIT < size
            self._size = size
            if self._thread is None and size:
                self._thread = threading.Thread(target=self._follow, name="log", daemon=True)
                self._thread.start()
            elif passed_limit or self._idle or size - self._sent >= _CHUNK:
                self._changed.notify_all()

    def close(self) -> int:
        """Ship what is left; return the number of chunks, 0 when the output can go inline."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        return self._chunks

    def notes(self) -> dict[str, str]:
        """Return the notes of what has not been shipped."""
        return self._notes(self._size - self._sent)

    def abandon(self) -> None:
        """Ship no more."""
        self._abandoned = True
        self.close()

    def _follow(self) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or self._size > INLINE_LIMIT,
                max(0.0, self._born + _FLUSH_SECONDS - time.monotonic()),
            )
            if self._closing and self._size <= INLINE_LIMIT:
                return
        attempts = 0
        while not self._abandoned and self._wait_for_work():
            if self._ship_chunk():
                attempts = 0
            else:
                attempts += 1
                if self._closing and attempts >= _CLOSE_ATTEMPTS:
                    self.warnings.append("the log is incomplete: the store did not answer")
                    return
                time.sleep(min(0.2 * 2**attempts, _FLUSH_SECONDS))

    def _wait_for_work(self) -> bool:
        """Wait until a chunk is due; False when all is shipped for good."""
        with self._changed:
            if self._chunks and not self._closing:
                self._changed.wait_for(
                    lambda: self._closing or self._size - self._sent >= _CHUNK, _FLUSH_SECONDS
                )
                self._idle = True
                self._changed.wait_for(lambda: self._closing or self._size > self._sent)
                self._idle = False
            return self._size > self._sent

    def _ship_chunk(self) -> bool:
        with self._changed:
            final = self._closing
            size = self._size
            most = fitting(self._switches.between(self._sent, min(size, self._sent + _CHUNK)))
        chunk = os.pread(self._fd, min(most or _CHUNK, size - self._sent), self._sent)
        if not (final and self._sent + len(chunk) == size):
            chunk = _whole_characters(chunk)
        if not chunk:
            time.sleep(0.05)
            return True
        key = f"{self._prefix}{self._chunks + 1:06d}"
        try:
            self._sink.put(key, chunk, "text/plain; charset=utf-8", self._notes(len(chunk)))
        except AWS_OR_FILE_FAULTS as error:
            _log.warning("cannot ship a log chunk", extra={"key": key, "error": str(error)})
            return False
        with self._changed:
            self._sent += len(chunk)
            self._chunks += 1
            self._times.forget_before(self._sent)
            self._switches.forget_before(self._sent)
            self._new_line = chunk.endswith(b"\n")
        return True

    def _notes(self, length: int) -> dict[str, str]:
        end = self._sent + length
        with self._changed:
            marks = self._times.between(self._sent, end)
            switches = self._switches.between(self._sent, end)
        notes = {"times": note_times(marks, new_line=self._new_line)}
        return notes | ({"streams": note_streams(switches)} if switches else {})


def _whole_characters(chunk: bytes) -> bytes:
    """Cut off a UTF-8 character that has only begun."""
    for back in range(1, min(_PARTIAL_CHARACTER, len(chunk)) + 1):
        byte = chunk[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return chunk[:-back] if needed > back else chunk
    return chunk
