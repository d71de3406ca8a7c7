"""When which byte of a log was written, to a tenth of a second, in bounded memory."""

import bisect
import time
from collections.abc import Callable

from formicary.domain.log_times import Mark

_STEP_MILLISECONDS = 100
_MAX_MARKS = 10_000


class WriteTimes:
    """Marks in order; of those within a step the first stands for all."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._marks: list[Mark] = []

    def written(self, offset: int) -> None:
        """Note that what begins at the offset was written now."""
        now = int(self._clock() * 1000)
        if self._marks and now - self._marks[-1][1] < _STEP_MILLISECONDS:
            return
        if len(self._marks) >= _MAX_MARKS:
            # The store has been away for long: every second mark will do.
            del self._marks[1::2]
        self._marks.append((offset, now))

    def between(self, begin: int, end: int) -> list[Mark]:
        """Return the marks of a piece, relative to its beginning."""
        first = max(0, bisect.bisect_right(self._marks, (begin, 2**63)) - 1)
        return [
            (max(0, offset - begin), moment)
            for offset, moment in self._marks[first:]
            if offset < end
        ]

    def forget_before(self, offset: int) -> None:
        """Drop what only concerns bytes before the offset."""
        del self._marks[: max(0, bisect.bisect_right(self._marks, (offset, 2**63)) - 1)]
