"""What is read from a task's output and how it is shipped."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ant_agent import output_log
from ant_agent.masking import Secrets
from ant_agent.output_log import OutputLog
from ant_agent.output_scanner import OutputScanner
from ant_agent.stream_switches import StreamSwitches
from ant_agent.write_times import WriteTimes
from formicary.domain.log_streams import LogStreams, Stream, read_streams
from formicary.domain.log_times import read_times


class Sink:
    """Keeps chunks."""

    def __init__(self) -> None:
        self.chunks: dict[str, bytes] = {}
        self.notes: dict[str, Mapping[str, str]] = {}

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        self.chunks[key] = body
        self.notes[key] = metadata or {}


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_directives_are_found_however_the_output_is_cut(size: int) -> None:
    text = b"a\n::set-output name=x::1\nno ::set-output name=y::2\n::set-output name=z::a::b\r\n"
    text += b"::set-output name=last::3"
    scanner = OutputScanner(keep_lines=True)

    for start in range(0, len(text), size):
        scanner.feed(text[start : start + size])
    scanner.finish()

    assert scanner.context == {"x": "1", "z": "a::b", "last": "3"}
    assert scanner.lines[:2] == ["a", "::set-output name=x::1"]
    assert len(scanner.lines) == 5


def test_what_a_task_sets_and_says_is_bounded() -> None:
    scanner = OutputScanner(keep_lines=True)

    scanner.feed(b"".join(b"::set-output name=k%d::%s\n" % (n, b"v" * 1000) for n in range(500)))

    assert 100 < len(scanner.context) < 140
    assert sum(map(len, scanner.lines)) <= 256 * 1024
    assert 2 <= len(scanner.warnings) <= 10


def test_an_endless_line_is_not_kept_in_memory() -> None:
    scanner = OutputScanner(keep_lines=True)

    for _ in range(100):
        scanner.feed(b"x" * 65536)

    assert len(scanner._rest[Stream.STDOUT]) <= 64 * 1024


def test_the_streams_do_not_break_the_lines_of_each_other() -> None:
    scanner = OutputScanner(keep_lines=True)

    scanner.feed(b"::set-output na", Stream.STDOUT)
    scanner.feed(b"oh no\n", Stream.STDERR)
    scanner.feed(b"me=x::1\n", Stream.STDOUT)
    scanner.finish()

    assert scanner.context == {"x": "1"}
    assert scanner.lines == ["oh no", "::set-output name=x::1"]


def test_short_output_goes_inline_and_long_output_in_chunks_of_a_mebibyte(tmp_path: Path) -> None:
    sink = Sink()
    short = OutputLog(tmp_path / "s", limit=10**7, sink=sink, prefix="s/")
    short.write("\u00e9\n".encode())
    told = short.finish()
    short.discard()
    assert (told.inline, told.chunks, sink.chunks) == ("\u00e9\n", 0, {})

    long = OutputLog(tmp_path / "l", limit=10**7, sink=sink, prefix="l/")
    text = "\u20ac".encode() * 1_000_000
    for start in range(0, len(text), 65536):
        long.write(text[start : start + 65536])
    told = long.finish()
    long.discard()

    assert list(sink.chunks) == [f"l/{n:06d}" for n in range(1, told.chunks + 1)]
    assert b"".join(sink.chunks.values()) == text
    assert (told.size, told.inline) == (len(text), "")
    for chunk in sink.chunks.values():
        assert len(chunk) <= 2**20
        chunk.decode()


def test_a_store_that_never_answers_costs_a_warning_not_the_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ant_agent.log_streamer._CLOSE_ATTEMPTS", 1)

    class Away:
        def put(
            self,
            key: str,
            body: bytes,
            content_type: str,
            metadata: Mapping[str, str] | None = None,
        ) -> None:
            raise OSError("away")

    log = OutputLog(tmp_path / "l", limit=10**6, sink=Away(), prefix="l/")
    log.write(b"x" * 5000)
    told = log.finish()
    log.discard()

    assert (told.chunks, len(told.inline)) == (0, 4096)
    assert "incomplete" in log.warnings[0]


def test_output_ships_no_more_once_it_is_discarded(tmp_path: Path) -> None:
    sink = Sink()
    log = OutputLog(tmp_path / "l", limit=10**6, sink=sink, prefix="l/")
    log.write(b"x")

    log.discard()

    assert sink.chunks == {}
    assert "log" not in {thread.name for thread in threading.enumerate()}


def test_when_output_was_written_is_noted_inline_and_with_every_chunk(tmp_path: Path) -> None:
    sink = Sink()
    short = OutputLog(tmp_path / "s", limit=10**7, sink=sink, prefix="s/")
    short.write(b"a\n")
    inline = read_times(short.finish().times)
    short.discard()

    long = OutputLog(tmp_path / "l", limit=10**7, sink=sink, prefix="l/")
    for _ in range(40):
        long.write(b"x" * 65535 + b"y")
    told = long.finish()
    long.discard()

    notes = [read_times(note["times"]) for note in sink.notes.values()]
    assert inline is not None
    assert abs(inline.marks[0][1] / 1000 - time.time()) < 60
    assert told.times == ""
    assert len(notes) == told.chunks
    assert [note and note.new_line for note in notes] == [True, *[False] * (told.chunks - 1)]
    assert all(note and note.marks[0][0] == 0 for note in notes)


def test_the_memory_of_times_is_bounded() -> None:
    now = [0.0]
    times = WriteTimes(lambda: now[0])
    for offset in range(30_000):
        now[0] += 1
        times.written(offset)

    marks = times.between(0, 10**9)

    assert 5_000 <= len(marks) <= 10_000
    assert (marks[0], marks[-1]) == ((0, 1000), (29_999, 30_000_000))


def test_times_of_a_piece_begin_with_what_held_at_its_first_byte() -> None:
    now = [1.0]
    times = WriteTimes(lambda: now[0])
    for offset in (0, 10, 20):
        times.written(offset)
        now[0] += 1

    times.forget_before(15)

    assert times.between(15, 21) == [(0, 2000), (5, 3000)]


def test_which_stream_wrote_what_is_noted_inline(tmp_path: Path) -> None:
    log = OutputLog(tmp_path / "s", limit=10**7, sink=Sink(), prefix="s/")
    log.write(b"a\n")
    log.write(b"b\n", Stream.STDERR)
    log.write(b"c\n", Stream.STDERR)
    log.write(b"d\n")
    told = log.finish()
    log.discard()

    assert told.inline == "a\nb\nc\nd\n"
    assert read_streams(told.streams) == LogStreams((2, 6))


def test_which_stream_wrote_what_is_noted_with_every_chunk_however_often_it_changes(
    tmp_path: Path,
) -> None:
    sink = Sink()
    log = OutputLog(tmp_path / "l", limit=10**7, sink=sink, prefix="l/")
    for number in range(5000):
        log.write(b"o%d\n" % number)
        log.write(b"e%d\n" % number, Stream.STDERR)
    log.finish()
    log.discard()

    found: dict[Stream, bytes] = dict.fromkeys(Stream, b"")
    for key, text in sorted(sink.chunks.items()):
        for part in read_streams(sink.notes[key].get("streams", "")).parts(0, len(text)):
            found[part.stream] += text[part.begin : part.end]
    assert found[Stream.STDOUT] == b"".join(b"o%d\n" % number for number in range(5000))
    assert found[Stream.STDERR] == b"".join(b"e%d\n" % number for number in range(5000))


def test_a_secret_that_lies_across_the_streams_is_masked(tmp_path: Path) -> None:
    secrets = Secrets(["pass-phrase"])
    log = OutputLog(tmp_path / "s", limit=10**7, sink=Sink(), prefix="s/", secrets=secrets)
    log.write(b"it is pass-")
    log.write(b"phrase\nno\n", Stream.STDERR)
    log.write(b"end\n")
    told = log.finish()
    log.discard()

    assert told.inline == "it is ***\nno\nend\n"
    parts = list(read_streams(told.streams).parts(0, told.size))
    assert [part.stream for part in parts] == [Stream.STDOUT, Stream.STDERR, Stream.STDOUT]
    assert parts[-1].begin == len("it is ***\nno\n")


def test_a_last_line_that_ends_as_a_secret_begins_is_shown_while_nothing_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_log, "_PAUSE_SECONDS", 0.05)
    file = tmp_path / "s"
    log = OutputLog(file, limit=10**7, sink=Sink(), prefix="s/", secrets=Secrets(["1-secret"]))

    log.write(b"listening on port 1\n")
    end = time.monotonic() + 20
    while file.read_bytes() != b"listening on port 1\n":
        assert time.monotonic() < end
        time.sleep(0.01)
    log.write(b"token 1-secret\n", Stream.STDERR)

    told = log.finish()
    log.discard()
    assert told.inline == "listening on port 1\ntoken ***\n"
    assert read_streams(told.streams).switches == (20,)


def test_the_memory_of_streams_is_bounded() -> None:
    switches = StreamSwitches()
    for number in range(50_000):
        switches.comes_from(tuple(Stream)[number % 2], number)

    kept = switches.between(0, 10**9)

    assert 5_000 < len(kept) <= 20_000
    assert kept == sorted(set(kept))
    assert len(kept) % 2 == 1


def test_streams_of_a_piece_begin_with_what_held_at_its_first_byte() -> None:
    switches = StreamSwitches()
    for stream, offset in ((Stream.STDERR, 5), (Stream.STDOUT, 10), (Stream.STDERR, 20)):
        switches.comes_from(stream, offset)

    before = [switches.between(begin, 30) for begin in (5, 7, 10, 15, 20)]
    switches.forget_before(10)

    assert before == [[0, 5, 15], [0, 3, 13], [10], [5], [0]]
    assert [switches.between(begin, 30) for begin in (10, 15, 20)] == before[2:]
