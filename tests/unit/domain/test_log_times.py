"""Times of logs: noted beside the text, put before its lines when asked for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from formicary.domain.log_times import LogTimes, note_times, read_times, stamped

_START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@given(
    count=st.integers(1, 900),
    step=st.integers(1, 1000),
    wait=st.integers(0, 10**6),
    new_line=st.booleans(),
)
def test_a_note_is_short_and_tells_what_it_was_told(
    count: int, step: int, wait: int, new_line: bool
) -> None:
    marks = [(number * step, _START + number * wait) for number in range(count)]
    note = note_times(marks, new_line=new_line)
    times = read_times(note)

    assert len(note) < 2000
    assert times is not None
    assert (times.new_line, times.marks[0]) == (new_line, marks[0])
    assert set(times.marks) <= set(marks)
    assert len(marks) > 100 or list(times.marks) == marks


def test_what_is_no_note_tells_no_times() -> None:
    assert note_times([], new_line=True) == ""
    for text in ("", "1", "1 5", "2 5 0:0", "1 5 0:x", "1 5 0:0;"):
        assert read_times(text) is None


def test_each_line_begins_with_the_time_when_it_was_written() -> None:
    times = LogTimes(new_line=True, marks=((0, _START), (4, _START + 1500)))

    assert stamped(b"a\nb\nc\nd", 0, 7, times) == (
        b"2026-01-01T00:00:00.000Z a\n"
        b"2026-01-01T00:00:00.000Z b\n"
        b"2026-01-01T00:00:01.500Z c\n"
        b"2026-01-01T00:00:01.500Z d"
    )
    assert stamped(b"a\nb\n", 0, 4, None) == b"a\nb\n"


@given(
    lines=st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line), max_size=12),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    new_line=st.booleans(),
)
def test_however_a_log_is_read_the_same_lines_are_stamped(
    lines: list[bytes], cuts: list[int], new_line: bool
) -> None:
    text = b"\n".join(lines)
    times = LogTimes(new_line=new_line, marks=((0, _START),))
    borders = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})

    pieces = [stamped(text, begin, end, times) for begin, end in pairwise(borders)]

    assert b"".join(pieces) == stamped(text, 0, len(text), times)
    assert stamped(text, 0, len(text), times).replace(b"2026-01-01T00:00:00.000Z ", b"") == text
