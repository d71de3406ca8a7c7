"""Marks of the launcher in the output."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ant_agent.executors.containers.marks import Mark, MarkFilter

_NONCE = "f00d"
_STREAM = b"one\n\x1ef00d border\x1e\ntwo \x1ef0 three\x1ef00d ended 3 1 0\x1e\nfour"


@given(st.lists(st.integers(1, len(_STREAM)), max_size=8))
def test_marks_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    output, marks = _read(_pieces(_STREAM, cuts))

    assert output == b"one\ntwo \x1ef0 threefour"
    assert marks == [Mark("border"), Mark("ended", ("3", "1", "0"))]


@given(st.binary(max_size=200), st.lists(st.integers(1, 200), max_size=5))
def test_output_without_marks_comes_through_unchanged(stream: bytes, cuts: list[int]) -> None:
    assert _read(_pieces(stream, cuts)) == (stream, [])


def test_something_that_only_begins_like_a_mark_is_not_held_for_ever() -> None:
    output, marks = _read([b"\x1ef00d " + b"x" * 1000, b"more"])

    assert (output, marks) == (b"x" * 1000 + b"more", [])


def test_output_comes_at_once_but_for_what_may_be_a_mark() -> None:
    found = MarkFilter(_NONCE)

    assert list(found.feed(b"line\n")) == [b"line\n"]
    assert list(found.feed(b"dot\x1e")) == [b"dot"]
    assert found.rest() == b"\x1e"


def _pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    return [stream[a:b] for a, b in itertools.pairwise(places)]


def _read(blocks: list[bytes]) -> tuple[bytes, list[Mark]]:
    found = MarkFilter(_NONCE)
    events = [event for block in blocks for event in found.feed(block)]
    output = b"".join(event for event in events if isinstance(event, bytes)) + found.rest()
    return output, [event for event in events if isinstance(event, Mark)]
