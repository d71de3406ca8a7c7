"""How far a log is known that the cluster turns over now and then.

A kubelet gives a container a new log file when the old one is some megabytes long, and from then on
shows only the new one. Files are told apart by how they begin.
"""

from collections.abc import Iterable

_HEAD = 64
_TAIL = 4096


class LogPosition:
    """What was taken of a log, and from which byte on another reading of it is new."""

    def __init__(self) -> None:
        self.taken = 0
        self._head = b""
        self._tail = b""
        self._in_file = 0

    @property
    def head_size(self) -> int:
        """How many bytes of the beginning of the file are compared."""
        return len(self._head)

    def take(self, block: bytes) -> None:
        """Note the next bytes of the log."""
        self._head += block[: _HEAD - len(self._head)]
        self._tail = (self._tail + block[-_TAIL:])[-_TAIL:]
        self._in_file += len(block)
        self.taken += len(block)

    def is_same(self, beginning: bytes) -> bool:
        """Whether a file that begins so is the one that is known."""
        return beginning == self._head

    def known_of_same(self) -> int:
        """Return how much of the file is known, where it is the same."""
        return self._in_file

    def known_of_new(self, blocks: Iterable[bytes]) -> int:
        """Read a new file as it is now; return how much of it is known, and go on in that one.

        Known is it up to what ends as the known part of the log does; else nothing of it.
        """
        beginning, held, dropped = b"", b"", 0
        for block in blocks:
            beginning += block[: _TAIL - len(beginning)]
            held += block
            place = held.find(self._tail)
            if place >= 0:
                return self._go_on(beginning, dropped + place + len(self._tail))
            kept = held[-_TAIL:]
            dropped += len(held) - len(kept)
            held = kept
        return self._go_on(beginning, self._overlap(beginning))

    def _go_on(self, beginning: bytes, known: int) -> int:
        # Of what is not known yet, the head is taken when it comes.
        self._head, self._in_file = beginning[: min(known, _HEAD)], known
        return known

    def _overlap(self, beginning: bytes) -> int:
        """Return how much of the end of the known part the new file begins with."""
        longest = min(len(self._tail), len(beginning))
        for size in range(longest, _HEAD - 1, -1):
            if beginning.startswith(self._tail[-size:]):
                return size
        return 0
