"""The output of one attempt: kept on disk up to a limit, never in memory, shipped while it runs.

Secrets are masked before anything is written, on disk too; across the streams, as a reader of the
log would see them.

Small output of a short task goes with the response; everything else becomes chunk objects.
"""

import logging
import os
import threading
from pathlib import Path
from typing import Protocol

from ant_agent.log_streamer import INLINE_LIMIT, LogStreamer, ObjectSink
from ant_agent.masking import Secrets, StreamMasker
from ant_agent.output_scanner import OutputScanner
from ant_agent.pause_watch import PauseWatch
from formicary.domain.log_streams import Stream
from formicary.domain.task_response import TaskLog

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 1.0


class OutputSink(Protocol):
    """Takes the output of a task."""

    def write(self, block: bytes, stream: Stream = Stream.STDOUT) -> None:
        """Take the next block that came from a stream."""


class OutputLog:
    """Written by the thread of the task; the streamer reads behind it."""

    def __init__(
        self,
        path: Path,
        *,
        limit: int,
        sink: ObjectSink,
        prefix: str,
        keep_lines: bool = False,
        secrets: Secrets | None = None,
    ) -> None:
        """Keep at most `limit` bytes at `path`; chunks go to the sink under `prefix`."""
        self._secrets = secrets or Secrets(())
        self._masker = StreamMasker(self._secrets)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._limit = limit
        # Uploads tell their progress from threads of their own.
        self._lock = threading.Lock()
        self._size = 0
        self._truncated = False
        self._streamer = LogStreamer(self._fd, sink, prefix)
        self._pauses = PauseWatch(_PAUSE_SECONDS, self._pause)
        self.scanner = OutputScanner(keep_lines=keep_lines)

    @property
    def warnings(self) -> list[str]:
        """What the user should know about the output."""
        return [*self.scanner.warnings, *self._streamer.warnings]

    def write(self, block: bytes, stream: Stream = Stream.STDOUT) -> None:
        """Keep a block, or what fits of it."""
        with self._lock:
            self.scanner.feed(block, stream)
            if not self._truncated:
                # What is held back belongs to what came before.
                self._streamer.comes_from(stream, self._size + self._masker.held)
                self._keep(self._masker.feed(block))
                if self._masker.held:
                    self._pauses.touch()

    def _pause(self) -> None:
        """Show what only waits for what follows: the line may be complete."""
        with self._lock:
            self._keep(self._masker.pause())

    def _keep(self, block: bytes) -> None:
        if self._truncated:
            return
        kept = block[: self._limit - self._size]
        self._append(kept)
        if len(kept) < len(block):
            self._truncated = True
            self._streamer.comes_from(Stream.STDERR, self._size)
            self._append(f"\n[output truncated after {self._limit} bytes]\n".encode())

    def say(self, text: str) -> None:
        """Add a line of the ant itself."""
        self.write(f"{text}\n".encode(), Stream.STDERR)

    def finish(self) -> TaskLog:
        """Ship the rest and tell where everything is."""
        self._pauses.close()
        self.scanner.finish()
        with self._lock:
            self._keep(self._masker.finish())
        chunks = self._streamer.close()
        log = TaskLog(chunks=chunks, size=self._size, truncated=self._truncated)
        if chunks:
            return log
        inline = os.pread(self._fd, INLINE_LIMIT, 0).decode(errors="replace")
        return log.model_copy(update={"inline": inline, **self._streamer.notes()})

    def discard(self) -> None:
        """Stop shipping and close the file; `finish` comes first when the output matters."""
        self._pauses.close()
        self._streamer.abandon()
        os.close(self._fd)

    def _append(self, block: bytes) -> None:
        try:
            while block:
                written = os.write(self._fd, block)
                self._size += written
                block = block[written:]
        except OSError as error:
            # A full disk must not fail a task that only talks too much.
            _log.warning("cannot keep more output", extra={"error": str(error)})
            self._truncated = True
        self._streamer.grown(self._size)
