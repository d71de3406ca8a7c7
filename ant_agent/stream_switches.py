"""From which byte on a log comes from the other stream, in bounded memory."""

import bisect

from formicary.domain.log_streams import Stream

_MAX_SWITCHES = 20_000


class StreamSwitches:
    """Places in order, the first of them from stdout to stderr."""

    def __init__(self) -> None:
        self._switches: list[int] = []
        # The stream before the first place: what lies before it may have been forgotten.
        self._first = Stream.STDOUT
        self._last = Stream.STDOUT

    def comes_from(self, stream: Stream, offset: int) -> None:
        """Note from which stream the bytes from the offset on come."""
        if stream is self._last:
            return
        self._last = stream
        # A mask that is shorter than its secret may have put the last place too far on.
        place = max([offset, *self._switches[-1:]])
        if self._switches and place == self._switches[-1]:
            self._switches.pop()
            return
        if len(self._switches) >= _MAX_SWITCHES:
            # The store has been away for long: short parts count as their neighbours.
            del self._switches[1::4], self._switches[1::3]
        self._switches.append(place)

    def between(self, begin: int, end: int) -> list[int]:
        """Return the places within a piece, relative to its beginning.

        A piece begins with stdout: one that does not has its first place at 0.
        """
        first = bisect.bisect_right(self._switches, begin)
        starts_on = self._first if first % 2 == 0 else self._first.other
        inner = [place - begin for place in self._switches[first:] if place < end]
        return inner if starts_on is Stream.STDOUT else [0, *inner]

    def forget_before(self, offset: int) -> None:
        """Drop what only concerns bytes before the offset."""
        gone = bisect.bisect_right(self._switches, offset)
        del self._switches[:gone]
        if gone % 2:
            self._first = self._first.other
