"""The output of a container, followed to its end over connections that may break."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster
from formicary.domain.log_streams import Stream

_log = logging.getLogger(__name__)
_BLOCK = 64 * 1024
_MOST_BREAKS = 20
# What a container writes in the moment in which a kubelet (that of 1.20) begins to watch its log is
# told only with the next write. So the log is read once more at its first silence.
_FIRST_SILENCE_SECONDS = 2.0


class LogFollower:
    """One container; after a break its output is read again and what is known skipped."""

    def __init__(
        self, cluster: Cluster, pod: str, container: str, has_ended: Callable[[], bool]
    ) -> None:
        self._cluster = cluster
        self._pod = pod
        self._container = container
        self._has_ended = has_ended
        self._taken = 0
        self._response: Any = None
        self._closed = False
        self._silence_seconds: float | None = _FIRST_SILENCE_SECONDS

    def blocks(self) -> Iterator[tuple[Stream, bytes]]:
        """Yield the output as it comes; clusters do not tell streams apart."""
        for _ in range(_MOST_BREAKS):
            ended = self._has_ended()
            try:
                for block in self._once():
                    yield Stream.STDOUT, block
            except FAULTS as error:
                if self._silence_seconds is not None and _is_silence(error):
                    self._silence_seconds = None
                    continue
                if not self._closed:
                    facts = {"pod": self._pod, "error": str(error)}
                    _log.warning("the output of a pod broke off", extra=facts)
            # What came after the end was known is complete.
            if ended or self._closed:
                return

    def close(self) -> None:
        """Let whoever reads come to the end."""
        self._closed = True
        if self._response is not None:
            with contextlib.suppress(*FAULTS, ValueError):
                self._response.shutdown()

    def _once(self) -> Iterator[bytes]:
        seen = 0
        response = self._response = self._cluster.log(
            self._pod, self._container, self._silence_seconds
        )
        try:
            for block in response.stream(_BLOCK):
                new = block[max(0, self._taken - seen) :]
                seen += len(block)
                self._taken = max(self._taken, seen)
                if new:
                    yield new
        finally:
            self._response = None
            response.close()


def _is_silence(error: Exception) -> bool:
    cause = error.reason if isinstance(error, MaxRetryError) else error
    return isinstance(cause, ReadTimeoutError)
