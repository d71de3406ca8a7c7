"""The output of a pod comes whole, whatever a kubelet, the network or a change of files forgets."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from ant_agent.executors.kubernetes.logs import LogFollower
from ant_agent.executors.kubernetes.two_logs import TwoLogs, whole_lines
from formicary.domain.log_streams import Stream

SILENCE = ReadTimeoutError(None, "/log", "read timed out")
HANGS = ProtocolError("it was shut down")
LINES = [b"%d is a line of the log\n" % number for number in range(12_000)]


class Response:
    """One reading of a log; at HANGS it says nothing more before it is shut down."""

    def __init__(self, steps: list[bytes | Exception]) -> None:
        self._steps = steps
        self._shut = threading.Event()

    def stream(self, _size: int) -> Iterator[bytes]:
        for step in self._steps:
            if step is HANGS:
                assert self._shut.wait(20), "nobody had the log read again"
            if isinstance(step, Exception):
                raise step
            yield step

    def shutdown(self) -> None:
        self._shut.set()

    def close(self) -> None:
        pass


class Pod:
    """Answers each reading of its log with the next of what it is given, and ends with the last.

    What it shows of its log between the readings is what the next one gives, up to its fault.
    """

    def __init__(self, *readings: list[bytes | Exception] | Exception) -> None:
        self._readings = list(readings)
        self.silences: list[float | None] = []

    def log(self, _name: str, _container: str, silence_seconds: float | None) -> Response:
        self.silences.append(silence_seconds)
        reading = self._readings.pop(0)
        if isinstance(reading, Exception):
            raise reading
        return Response(reading)

    def log_so_far(self, _name: str, _container: str, size: int | None = None) -> Response:
        reading = self._readings[0] if self._readings else []
        assert not isinstance(reading, Exception)
        shown = b"".join(step for step in reading if isinstance(step, bytes))
        return Response([shown[:size]])

    def has_ended(self) -> bool:
        return len(self._readings) == 1


def output(pod: Any) -> bytes:
    follower = LogFollower(pod, "pod", "main", pod.has_ended, look_seconds=0.05)
    found = b"".join(block for _, block in follower.blocks())
    follower.close()
    return found


def test_what_was_forgotten_before_the_first_silence_is_read_then() -> None:
    pod = Pod([b"ready\n", SILENCE], [b"ready\nforgotten\n", b"more\n"])

    assert output(pod) == b"ready\nforgotten\nmore\n"


def test_a_log_is_read_again_for_one_silence_only() -> None:
    pod = Pod([b"a", SILENCE], [b"a"], [b"ab"])

    assert output(pod) == b"ab"
    assert pod.silences[0] is not None
    assert pod.silences[1:] == [None, None]


@pytest.mark.parametrize(
    "error", [SILENCE, MaxRetryError(None, "/log", SILENCE), ProtocolError("broken")]
)
def test_a_break_before_anything_came_costs_nothing(error: Exception) -> None:
    assert output(Pod(error, [b"all"])) == b"all"


def test_what_is_known_is_skipped_across_blocks() -> None:
    assert output(Pod([b"one two", ProtocolError("broken")], [b"one", b" two th", b"ree"])) == (
        b"one two three"
    )


def test_a_log_that_was_turned_over_while_nobody_followed_goes_on_in_its_new_file() -> None:
    old, new = b"".join(LINES[:9000]), b"".join(LINES[9000:])

    assert output(Pod([old, ProtocolError("broken")], [new])) == old + new


@pytest.mark.parametrize("known", [3, 9, 500, 2500])
def test_what_was_told_of_the_new_file_already_is_skipped(known: int) -> None:
    followed = b"".join(LINES[: 9000 + known])

    whole = output(Pod([followed, ProtocolError("broken")], [b"".join(LINES[9000:])]))

    assert whole == b"".join(LINES)


def test_blocks_may_end_anywhere() -> None:
    new = b"".join(LINES[9000:])
    blocks: list[bytes | Exception] = [new[at : at + 777] for at in range(0, len(new), 777)]

    whole = output(Pod([b"".join(LINES[:9500]), ProtocolError("broken")], blocks))

    assert whole == b"".join(LINES)


def test_a_kubelet_that_forgets_its_followers_is_asked_again() -> None:
    old, new = b"".join(LINES[:9000]), b"".join(LINES[9000:])

    assert output(Pod([old, HANGS], [new])) == old + new


def test_a_new_file_that_is_still_empty_is_followed_from_its_beginning() -> None:
    old, new = b"".join(LINES[:9000]), b"".join(LINES[9000:])

    assert output(Pod([old, HANGS], [ProtocolError("broken")], [new])) == old + new


def test_a_pod_that_is_gone_is_not_asked_for_its_output_again() -> None:
    pod = Pod([b"all there was", ProtocolError("broken")], ApiException(status=404), [b"never"])
    pod.log_so_far = lambda *_: Response([b"all there was"])  # type: ignore[method-assign]

    assert output(pod) == b"all there was"


def both(stdout: Pod, stderr: Pod, *, whole: bool) -> list[tuple[Stream, bytes]]:
    followers = [
        LogFollower(pod, "pod", str(stream), pod.has_ended, stream=stream)  # type: ignore[arg-type]
        for pod, stream in zip((stdout, stderr), Stream, strict=True)
    ]
    logs = TwoLogs(*followers, lambda: whole)
    found = list(logs.blocks())
    logs.close()
    return found


def test_two_logs_are_told_apart_to_the_end_of_both() -> None:
    found = both(Pod([b"out\n", b"end\n"]), Pod([b"bad\n" * 50]), whole=True)

    assert sorted(found) == [
        (Stream.STDERR, b"bad\n" * 50),
        (Stream.STDOUT, b"end\n"),
        (Stream.STDOUT, b"out\n"),
    ]


def test_the_logs_are_over_when_stderr_is_lost() -> None:
    found = both(Pod([b"out\n", HANGS]), Pod([b"bad\n"]), whole=False)

    assert (Stream.STDERR, b"bad\n") in found


def test_lines_of_two_streams_are_not_mixed_but_for_endless_ones() -> None:
    blocks = [b"on", b"e\ntw", b"o\n", b"x" * 60_000, b"x" * 60_000, b"y\nend"]

    assert list(whole_lines(iter(blocks))) == [
        b"one\n",
        b"two\n",
        b"x" * 120_000,
        b"y\n",
        b"end",
    ]
