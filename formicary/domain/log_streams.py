"""Which parts of a log came from stderr: noted beside the text, which stays as the task wrote it.

The note of a chunk is one short text that fits into the metadata of an object: `120 45 300` are the
lengths of its parts in bytes, stdout first, then in turns; the last part goes on to the end.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

# Times of a chunk stand beside it: metadata of an object have 2 KB in all.
MAX_NOTE = 1000
_NOTE = re.compile(r"\d{1,12}(?: \d{1,12})*")


class Stream(StrEnum):
    """Where a task wrote something; the ant's own words about the task are on stderr."""

    STDOUT = "stdout"
    STDERR = "stderr"

    @property
    def other(self) -> "Stream":
        """The one of the two that this one is not."""
        return Stream.STDERR if self is Stream.STDOUT else Stream.STDOUT


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text: bytes `begin` to `end` came from the stream."""

    begin: int
    end: int
    stream: Stream


@dataclass(frozen=True, slots=True)
class LogStreams:
    """Where a text changes from one stream to the other; it begins with stdout."""

    switches: tuple[int, ...] = ()

    def parts(self, begin: int, end: int) -> Iterator[Part]:
        """Yield the parts of a piece, in order; none is empty."""
        stream = Stream.STDOUT
        for first, last in pairwise((0, *self.switches, max(end, *self.switches, 0))):
            if max(first, begin) < min(last, end):
                yield Part(max(first, begin), min(last, end), stream)
            stream = stream.other


ALL_STDOUT = LogStreams()


def note_streams(switches: Sequence[int]) -> str:
    """Write a note of the places where the stream changes; as much as fits, nothing for none."""
    note = " ".join(str(last - first) for first, last in pairwise((0, *switches)))
    return note if len(note) <= MAX_NOTE else note[: note.rindex(" ", 0, MAX_NOTE + 1)]


def fitting(switches: Sequence[int]) -> int | None:
    """Return up to which byte a text may go for its note to fit, None when all of it may."""
    length = -1
    for first, last in pairwise((0, *switches)):
        length += 1 + len(str(last - first))
        if length > MAX_NOTE:
            return first
    return None


def read_streams(note: str) -> LogStreams:
    """Read a note; what is none tells that all is stdout."""
    if not _NOTE.fullmatch(note):
        return ALL_STDOUT
    place, switches = 0, []
    for length in note.split():
        place += int(length)
        switches.append(place)
    return LogStreams(tuple(switches))
