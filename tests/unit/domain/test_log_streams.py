"""Streams of logs, noted beside the text."""

from hypothesis import given
from hypothesis import strategies as st

from formicary.domain.log_streams import (
    MAX_NOTE,
    LogStreams,
    Part,
    Stream,
    fitting,
    note_streams,
    read_streams,
)

_PLACES = st.lists(st.integers(1, 10**6), unique=True, max_size=400).map(sorted)


@given(places=_PLACES)
def test_a_note_is_short_and_tells_what_it_was_told(places: list[int]) -> None:
    note = note_streams(places)
    told = read_streams(note).switches

    assert len(note) <= MAX_NOTE
    assert list(told) == places[: len(told)]
    assert len(told) == len(places) or len(note) > MAX_NOTE - 8


@given(places=_PLACES)
def test_a_text_can_be_cut_so_that_its_note_fits(places: list[int]) -> None:
    cut = fitting(places)
    kept = [place for place in places if cut is None or place < cut]

    assert list(read_streams(note_streams(kept)).switches) == kept
    assert cut is None or (cut in places and len(kept) > 100)


def test_what_is_no_note_tells_that_all_is_stdout() -> None:
    for text in ("", " ", "x", "1  2", "-1"):
        assert list(read_streams(text).parts(0, 5)) == [Part(0, 5, Stream.STDOUT)]


def test_a_piece_has_parts_of_its_own() -> None:
    streams = LogStreams((0, 3, 5))

    assert list(streams.parts(0, 9)) == [
        Part(0, 3, Stream.STDERR),
        Part(3, 5, Stream.STDOUT),
        Part(5, 9, Stream.STDERR),
    ]
    assert list(streams.parts(4, 6)) == [
        Part(4, 5, Stream.STDOUT),
        Part(5, 6, Stream.STDERR),
    ]
    assert list(streams.parts(2, 2)) == []
