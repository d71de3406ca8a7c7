"""The output of a container, followed to its end over connections that may break."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster
from ant_agent.executors.kubernetes.log_position import LogPosition
from formicary.domain.log_streams import Stream

_log = logging.getLogger(__name__)
_BLOCK = 64 * 1024
_MOST_BREAKS = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# What a container writes in the moment in which a kubelet (that of 1.20) begins to watch its log is
# told only with the next write. So the log is read once more at its first silence.
_FIRST_SILENCE_SECONDS = 2.0
# Kubelets look each ten seconds for logs to turn over; that of 1.20 tells those who follow nothing
# of the new file. Shorter logs are not turned over.
_LOOK_SECONDS = 4.0
_MAY_BE_TURNED_OVER = 100_000
_NOT_FOUND = 404


class LogFollower:
    """One container; after a break its output is read again and what is known skipped."""

    def __init__(
        self,
        cluster: Cluster,
        pod: str,
        container: str,
        has_ended: Callable[[], bool],
        *,
        stream: Stream = Stream.STDOUT,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._pod = pod
        self._container = container
        self._has_ended = has_ended
        self._stream = stream
        self._look_seconds = look_seconds
        self._position = LogPosition()
        self._response: Any = None
        self._closed = threading.Event()
        self._silence_seconds: float | None = _FIRST_SILENCE_SECONDS
        self._grown_at = time.monotonic()
        self._looker: threading.Thread | None = None
        self._turned_over = False

    def blocks(self) -> Generator[tuple[Stream, bytes]]:
        """Yield the output as it comes; all of it comes from the stream that the container has."""
        breaks = 0
        while breaks < _MOST_BREAKS:
            ended, taken = self._has_ended(), self._position.taken
            try:
                for block in self._once():
                    yield self._stream, block
            except FAULTS as error:
                if self._is_expected(error):
                    continue
                if _is_gone(error):
                    return
                breaks = 1 if self._position.taken > taken else breaks + 1
                self._tell(error)
                self._closed.wait(min(_FIRST_PAUSE * 2**breaks, _LONGEST_PAUSE))
            # What came after the end was known is complete.
            if ended or self._closed.is_set():
                return

    def close(self) -> None:
        """Let whoever reads come to the end."""
        self._closed.set()
        self._break_off()

    def _once(self) -> Iterator[bytes]:
        known = self._known()
        response = self._response = self._cluster.log(
            self._pod, self._container, self._silence_seconds
        )
        try:
            for block in response.stream(_BLOCK):
                new, known = block[known:], max(0, known - len(block))
                if new:
                    self._take(new)
                    yield new
        finally:
            self._response = None
            response.close()

    def _known(self) -> int:
        """How much of the log, as the cluster shows it now, is known."""
        self._turned_over = False
        if self._is_same():
            return self._position.known_of_same()
        with contextlib.closing(self._cluster.log_so_far(self._pod, self._container)) as response:
            return self._position.known_of_new(response.stream(_BLOCK))

    def _is_same(self) -> bool:
        size = self._position.head_size
        if not size:
            return True
        with contextlib.closing(
            self._cluster.log_so_far(self._pod, self._container, size)
        ) as response:
            return self._position.is_same(b"".join(response.stream(_BLOCK)))

    def _take(self, block: bytes) -> None:
        self._position.take(block)
        self._grown_at = time.monotonic()
        if self._looker is None and self._position.taken >= _MAY_BE_TURNED_OVER:
            self._looker = threading.Thread(target=self._look, name="log", daemon=True)
            self._looker.start()

    def _look(self) -> None:
        """Have the log read again when it is silent because the cluster turned it over."""
        while not self._closed.wait(self._look_seconds):
            if self._response is None or self._grown_at + self._look_seconds > time.monotonic():
                continue
            with contextlib.suppress(*FAULTS):
                if not self._is_same():
                    self._turned_over = True
                    self._break_off()

    def _break_off(self) -> None:
        response = self._response
        if response is not None:
            with contextlib.suppress(*FAULTS, ValueError):
                response.shutdown()

    def _is_expected(self, error: Exception) -> bool:
        """Whether it only is to be read again."""
        if self._turned_over:
            return not self._closed.is_set()
        if self._silence_seconds is not None and _is_silence(error):
            self._silence_seconds = None
            return True
        return False

    def _tell(self, error: Exception) -> None:
        if not self._closed.is_set():
            facts = {"pod": self._pod, "container": self._container, "error": str(error)}
            _log.warning("the output of a pod broke off", extra=facts)


def _is_silence(error: Exception) -> bool:
    cause = error.reason if isinstance(error, MaxRetryError) else error
    return isinstance(cause, ReadTimeoutError)


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ApiException) and error.status == _NOT_FOUND
