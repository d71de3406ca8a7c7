"""How a log is shown: one stream of it or both, with or without times and streams of its lines."""

from collections.abc import Iterator
from dataclasses import dataclass

from formicary.domain.log_streams import ALL_STDOUT, LogStreams, Part, Stream
from formicary.domain.log_times import LogTimes

_NEW_LINE = b"\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a log as it was stored, and what was noted of it."""

    text: bytes
    times: LogTimes | None = None
    streams: LogStreams = ALL_STDOUT


@dataclass(frozen=True, slots=True)
class LogView:
    """What a reader wants to see; `stream` narrows to one, None shows both."""

    timestamps: bool = False
    labels: bool = False
    stream: Stream | None = None

    @property
    def noted(self) -> bool:
        """Whether the notes of a chunk are needed to show it."""
        return self.timestamps or self.labels or self.stream is not None

    def show(self, chunk: Chunk, begin: int, end: int) -> bytes:
        """Return bytes `begin` to `end` of a chunk as they are to be seen.

        A line is what a terminal would show as one: what the other stream adds to a line that has
        begun belongs to that line.
        """
        if not self.noted:
            return chunk.text[begin:end]
        pieces: list[bytes] = []
        at_start = self._starts_line(chunk, begin)
        for part in self._wanted(chunk, begin, end):
            place = part.begin
            while place < part.end:
                line_end = chunk.text.find(_NEW_LINE, place, part.end) + 1 or part.end
                if at_start:
                    pieces.append(self._head(chunk.times, place, part.stream))
                pieces.append(chunk.text[place:line_end])
                at_start = chunk.text.endswith(_NEW_LINE, place, line_end)
                place = line_end
        return b"".join(pieces)

    def _wanted(self, chunk: Chunk, begin: int, end: int) -> Iterator[Part]:
        for part in chunk.streams.parts(begin, end):
            if self.stream in (None, part.stream):
                yield part

    def _starts_line(self, chunk: Chunk, begin: int) -> bool:
        before = list(self._wanted(chunk, 0, begin))
        if before:
            return chunk.text.endswith(_NEW_LINE, 0, before[-1].end)
        return chunk.times.new_line if chunk.times else True

    def _head(self, times: LogTimes | None, place: int, stream: Stream) -> bytes:
        words = []
        if self.timestamps and times is not None:
            words.append(times.at(place).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        if self.labels:
            words.append(stream.value)
        return "".join(f"{word} " for word in words).encode()


PLAIN_LOG = LogView()
