"""What is read from a task's output and how it is shipped."""

import threading
from pathlib import Path

import pytest

from ant_agent.output_log import OutputLog
from ant_agent.output_scanner import OutputScanner


class Sink:
    """Keeps chunks."""

    def __init__(self) -> None:
        self.chunks: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self.chunks[key] = body


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

    assert len(scanner._rest) <= 64 * 1024


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
        def put(self, key: str, body: bytes, content_type: str) -> None:
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
