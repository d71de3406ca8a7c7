"""Commands inside a pod, with what they read and write streamed, never kept."""

import contextlib
import json
import select
import time
from collections.abc import Iterable, Iterator
from typing import Any

from websocket import ABNF, WebSocketException

from ant_agent.cancellation import Cancellation
from ant_agent.executors.base import ExecutorError
from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster, words_of
from formicary.domain.states import ErrorCode

_STDOUT, _STDERR, _ERROR = 1, 2, 3
_LOOK_SECONDS = 1.0
_SHORT_SECONDS = 60.0
_MOST_WORDS = 2000


class CommandError(ExecutorError):
    """A command in a pod failed."""


class PodCommand:
    """One command in one container; iterate over what it writes, then it has ended."""

    def __init__(
        self, cluster: Cluster, pod: str, container: str, command: list[str], *, reads: bool = False
    ) -> None:
        self._name = f"{command[0]} in container {container}"
        self._words = b""
        self._failure = ""
        try:
            self._client = cluster.exec(pod, container, command, reads=reads)
        except (*FAULTS, WebSocketException) as error:
            raise CommandError(ErrorCode.CONTAINER, f"{self._name}: {words_of(error)}") from error

    def write(self, blocks: Iterable[bytes], cancellation: Cancellation) -> None:
        """Send what the command reads."""
        for block in blocks:
            cancellation.check()
            self._client.write_stdin(block)

    def output(
        self, cancellation: Cancellation | None = None, seconds: float | None = None
    ) -> Iterator[bytes]:
        """Yield what it writes; raises CommandError when it fails, or takes longer than given."""
        # The client's own reading keeps everything in memory until somebody asks.
        sock = self._client.sock
        end = None if seconds is None else time.monotonic() + seconds
        try:
            while True:
                self._wait(sock, cancellation, end)
                kind, frame = sock.recv_data_frame(True)
                if kind == ABNF.OPCODE_CLOSE:
                    break
                if kind in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) and frame.data:
                    yield from self._take(frame.data[0], frame.data[1:])
        except (WebSocketException, OSError) as error:
            raise CommandError(ErrorCode.CONTAINER, f"{self._name} broke off: {error}") from error
        finally:
            self.close()
        if self._failure:
            raise CommandError(ErrorCode.CONTAINER, f"{self._name}: {self._failure}")

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(WebSocketException, OSError):
            self._client.close()
        # A connection that the other side has closed is not closed by that.
        with contextlib.suppress(WebSocketException, OSError):
            self._client.sock.shutdown()

    def _wait(self, sock: Any, cancellation: Cancellation | None, end: float | None) -> None:
        if getattr(sock.sock, "pending", lambda: 0)():
            return
        while not select.select([sock.sock], [], [], _LOOK_SECONDS)[0]:
            if cancellation is not None:
                cancellation.check()
            if end is not None and time.monotonic() > end:
                raise CommandError(ErrorCode.CONTAINER, f"{self._name} does not come to its end")
        if cancellation is not None:
            cancellation.check()

    def _take(self, channel: int, data: bytes) -> Iterator[bytes]:
        if channel == _STDOUT and data:
            yield data
        elif channel == _STDERR:
            self._words = (self._words + data)[-_MOST_WORDS:]
        elif channel == _ERROR:
            told = json.loads(data)
            if told.get("status") != "Success":
                words = self._words.decode(errors="replace").strip()
                self._failure = words or str(told.get("message", "it failed"))


def run(
    cluster: Cluster,
    pod: str,
    container: str,
    command: list[str],
    *,
    cancellation: Cancellation | None = None,
    seconds: float = _SHORT_SECONDS,
) -> bytes:
    """Run a short command and return what it writes."""
    return b"".join(PodCommand(cluster, pod, container, command).output(cancellation, seconds))
