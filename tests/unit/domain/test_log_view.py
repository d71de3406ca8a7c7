"""What a reader of a log asks to see."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from formicary.domain.log_streams import LogStreams, Stream
from formicary.domain.log_times import LogTimes
from formicary.domain.log_view import Chunk, LogView

_START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_STAMP = b"2026-01-01T00:00:00.000Z "
_TIMES = LogTimes(new_line=True, marks=((0, _START), (4, _START + 1500)))


def _whole(chunk: Chunk, view: LogView) -> bytes:
    return view.show(chunk, 0, len(chunk.text))


def test_each_line_begins_with_the_time_when_it_was_written() -> None:
    assert _whole(Chunk(b"a\nb\nc\nd", _TIMES), LogView(timestamps=True)) == (
        b"2026-01-01T00:00:00.000Z a\n"
        b"2026-01-01T00:00:00.000Z b\n"
        b"2026-01-01T00:00:01.500Z c\n"
        b"2026-01-01T00:00:01.500Z d"
    )
    assert _whole(Chunk(b"a\nb\n"), LogView(timestamps=True)) == b"a\nb\n"


def test_each_line_begins_with_its_stream() -> None:
    chunk = Chunk(b"a\nbad\nc\n", _TIMES, LogStreams((2, 6)))

    assert _whole(chunk, LogView(labels=True)) == b"stdout a\nstderr bad\nstdout c\n"
    assert _whole(chunk, LogView(timestamps=True, labels=True)).splitlines()[1] == (
        b"2026-01-01T00:00:00.000Z stderr bad"
    )


def test_one_stream_is_shown_without_the_other() -> None:
    chunk = Chunk(b"half bad\nthe rest\n", None, LogStreams((5, 9)))

    assert _whole(chunk, LogView(stream=Stream.STDOUT)) == b"half the rest\n"
    assert _whole(chunk, LogView(stream=Stream.STDERR, labels=True)) == b"stderr bad\n"
    assert _whole(chunk, LogView()) == b"half bad\nthe rest\n"


@given(
    lines=st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line), max_size=12),
    switches=st.lists(st.integers(0, 60), max_size=5, unique=True).map(sorted),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    new_line=st.booleans(),
    stream=st.sampled_from([None, *Stream]),
)
def test_however_a_log_is_read_the_same_is_shown(
    lines: list[bytes],
    switches: list[int],
    cuts: list[int],
    new_line: bool,
    stream: Stream | None,
) -> None:
    text = b"\n".join(lines)
    times = LogTimes(new_line=new_line, marks=((0, _START),))
    chunk = Chunk(text, times, LogStreams(tuple(switches)))
    view = LogView(timestamps=True, stream=stream)
    borders = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})

    pieces = [view.show(chunk, begin, end) for begin, end in pairwise(borders)]

    assert b"".join(pieces) == _whole(chunk, view)
    plain = _whole(chunk, LogView(stream=stream))
    assert _whole(chunk, view).replace(_STAMP, b"") == plain
    assert stream is not None or plain == text
