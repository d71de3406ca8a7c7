"""The output of a pod comes whole, whatever a kubelet or the network forgets."""

from collections.abc import Iterator
from typing import Any

import pytest
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from ant_agent.executors.kubernetes.logs import LogFollower

SILENCE = ReadTimeoutError(None, "/log", "read timed out")


class Response:
    def __init__(self, steps: list[bytes | Exception]) -> None:
        self._steps = steps

    def stream(self, _size: int) -> Iterator[bytes]:
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            yield step

    def close(self) -> None:
        pass


class Pod:
    """Answers each reading of its log with the next of what it is given, and ends with the last."""

    def __init__(self, *readings: list[bytes | Exception] | Exception) -> None:
        self._readings = list(readings)
        self.silences: list[float | None] = []

    def log(self, _name: str, _container: str, silence_seconds: float | None) -> Response:
        self.silences.append(silence_seconds)
        reading = self._readings.pop(0)
        if isinstance(reading, Exception):
            raise reading
        return Response(reading)

    def has_ended(self) -> bool:
        return len(self._readings) == 1


def output(pod: Any) -> bytes:
    follower = LogFollower(pod, "pod", "main", pod.has_ended)
    return b"".join(block for _, block in follower.blocks())


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
