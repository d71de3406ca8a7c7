"""Times of logs, noted beside the text."""

from hypothesis import given
from hypothesis import strategies as st

from formicary.domain.log_times import note_times, read_times

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

    assert len(note) < 1000
    assert times is not None
    assert (times.new_line, times.marks[0]) == (new_line, marks[0])
    assert set(times.marks) <= set(marks)
    assert len(marks) > 50 or list(times.marks) == marks


def test_what_is_no_note_tells_no_times() -> None:
    assert note_times([], new_line=True) == ""
    for text in ("", "1", "1 5", "2 5 0:0", "1 5 0:x", "1 5 0:0;"):
        assert read_times(text) is None
