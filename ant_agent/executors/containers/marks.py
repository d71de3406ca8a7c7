"""Finds what the launcher tells in the output of a container.

A mark stands between record separators and begins with a nonce of the attempt, so that no output of
the task looks like one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_SEPARATOR = b"\x1e"
# A line of its own, since some engines pass nothing on before a line is complete.
_END = _SEPARATOR + b"\n"
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Mark:
    """What the launcher tells: its kind, then words."""

    kind: str
    words: tuple[str, ...] = ()


class MarkFilter:
    """Splits a stream of blocks into output and marks; a mark may lie across blocks."""

    def __init__(self, nonce: str) -> None:
        self._start = _SEPARATOR + nonce.encode() + b" "
        self._held = b""

    def feed(self, block: bytes) -> Iterator[bytes | Mark]:
        """Take a block; yield output as it came, without the marks, and the marks."""
        self._held += block
        while True:
            before, found, after = self._held.partition(self._start)
            if not found:
                keep = self._possible_start()
                yield from _some(self._held[: len(self._held) - keep])
                self._held = self._held[len(self._held) - keep :]
                return
            words, ended, rest = after.partition(_END)
            if not ended and len(after) < _LONGEST:
                yield from _some(before)
                self._held = found + after
                return
            yield from _some(before)
            self._held = rest if ended else after
            if ended:
                kind, *more = words.decode(errors="replace").split() or [""]
                yield Mark(kind, tuple(more))

    def rest(self) -> bytes:
        """Return what was held back, when nothing more comes."""
        held, self._held = self._held, b""
        return held

    def _possible_start(self) -> int:
        """How many of the last bytes may be the beginning of a mark."""
        longest = min(len(self._held), len(self._start) - 1)
        for length in range(longest, 0, -1):
            if self._held.endswith(self._start[:length]):
                return length
        return 0


def _some(block: bytes) -> Iterator[bytes]:
    if block:
        yield block
