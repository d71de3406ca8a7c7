"""stdout and stderr of a pod's scripts, each the output of a container, followed at once."""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator

from ant_agent.executors.kubernetes.logs import LogFollower
from formicary.domain.log_streams import Stream

_BLOCKS = 8
_LONGEST_LINE = 64 * 1024


class TwoLogs:
    """Yields what comes as it comes, in whole lines: the streams share one log."""

    def __init__(
        self, stdout: LogFollower, stderr: LogFollower, stderr_is_whole: Callable[[], bool]
    ) -> None:
        """Take both, and who tells, at the end of stderr, whether it came to a good end."""
        self._followers = {Stream.STDOUT: stdout, Stream.STDERR: stderr}
        self._stderr_is_whole = stderr_is_whole
        self._queue: queue.Queue[tuple[Stream, bytes | None]] = queue.Queue(_BLOCKS)
        self._closed = False

    def blocks(self) -> Generator[tuple[Stream, bytes]]:
        """Yield output until both have ended, or stderr has been lost."""
        for stream in self._followers:
            threading.Thread(target=self._read, args=(stream,), name="log", daemon=True).start()
        following = set(self._followers)
        while following:
            stream, block = self._queue.get()
            if block is not None:
                yield stream, block
                continue
            following.remove(stream)
            if stream is Stream.STDERR and not self._stderr_is_whole():
                return

    def close(self) -> None:
        """Let whoever reads come to the end."""
        self._closed = True
        for follower in self._followers.values():
            follower.close()

    def _read(self, stream: Stream) -> None:
        try:
            blocks = (block for _, block in self._followers[stream].blocks())
            for block in whole_lines(blocks):
                self._put(stream, block)
        finally:
            self._put(stream, None)

    def _put(self, stream: Stream, block: bytes | None) -> None:
        # Once closed nobody may read any more, but whoever still does is to see the end.
        while True:
            with contextlib.suppress(queue.Full):
                self._queue.put((stream, block), timeout=0.1)
                return
            if self._closed:
                return


def whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same in blocks that end with a line, but for very long ones."""
    held = b""
    for block in blocks:
        held += block
        end = held.rfind(b"\n") + 1
        if not end and len(held) > _LONGEST_LINE:
            end = len(held)
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held
