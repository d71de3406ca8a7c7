"""When the parts of a log were written: noted beside the text, which stays as the task wrote it.

The note of a chunk is one short text that fits into the metadata of an object:
`1 1767225600000 0:0 512:250`: whether the chunk begins with a new line, milliseconds since 1970,
and from which byte on how many milliseconds later.
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Mark = tuple[int, int]
# Metadata of an object have 2 KB, half of them for `log_streams.py`:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
_MAX_MARKS = 50
_NOTE = re.compile(r"([01]) (\d{1,15})((?: \d{1,12}:\d{1,12})+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogTimes:
    """Marks of a chunk, in order: a byte, and milliseconds since 1970."""

    new_line: bool
    marks: tuple[Mark, ...]

    def at(self, offset: int) -> datetime:
        """Return when the byte was written, to the precision of the marks."""
        index = bisect.bisect_right(self.marks, (offset, 2**63)) - 1
        return _EPOCH + timedelta(milliseconds=self.marks[max(0, index)][1])


def note_times(marks: Sequence[Mark], *, new_line: bool) -> str:
    """Write a note; of many marks, evenly chosen ones."""
    if not marks:
        return ""
    step = -(-len(marks) // _MAX_MARKS)
    first = marks[0][1]
    told = (f"{offset}:{max(0, moment - first)}" for offset, moment in marks[::step])
    return f"{int(new_line)} {first} {' '.join(told)}"


def read_times(note: str) -> LogTimes | None:
    """Read a note; None when it is none."""
    found = _NOTE.fullmatch(note)
    if found is None:
        return None
    first = int(found[2])
    pairs = (word.split(":") for word in found[3].split())
    marks = tuple((int(offset), first + int(later)) for offset, later in pairs)
    return LogTimes(found[1] == "1", marks)
