"""A function as AWS runs it: one call at a time, and each call measured by itself."""

import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

from formicary.adapters.aws.call_counter import CallCounter
from formicary.adapters.aws.items import item_size
from tests.bench.counted.clients_in import clients_in


class LogBytes:
    """Stands for standard output and counts what each thread writes: that is what is logged."""

    def __init__(self) -> None:
        self._local = threading.local()

    def write(self, text: str) -> int:
        self._local.bytes = getattr(self._local, "bytes", 0) + len(text.encode())
        return len(text)

    def flush(self) -> None:
        pass

    def take(self) -> int:
        """Return the bytes of this thread since the last time."""
        taken = getattr(self._local, "bytes", 0)
        self._local.bytes = 0
        return taken


@dataclass(frozen=True)
class Invocation:
    """One call of a function and what came of it."""

    phase: str
    function: str
    kind: str
    wall_seconds: float
    processor_seconds: float
    log_bytes: int
    tallies: list[dict[str, Any]]


class Recorder:
    """Everything that was invoked and written, by phase."""

    def __init__(self, log: LogBytes) -> None:
        self.phase = "before"
        self.log = log
        self.invocations: list[Invocation] = []
        self.items: list[tuple[str, str, str, int]] = []


class Function:
    """A handler with the clients that it works with."""

    def __init__(
        self, name: str, handler: Callable[..., Any], root: Any, recorder: Recorder
    ) -> None:
        self._name = name
        self._handler = handler
        self._recorder = recorder
        self._counter = CallCounter()
        self._lock = threading.Lock()
        for client in clients_in(root):
            self._counter.attach(client)
            if client.meta.service_model.service_name == "dynamodb":
                client.meta.events.register("provide-client-params.dynamodb.PutItem", self._weigh)

    def invoke(self, kind: str, event: Mapping[str, Any]) -> Any:
        """Call the handler; note the call."""
        with self._lock:
            phase = self._recorder.phase
            self._counter.reset()
            self._recorder.log.take()
            begun, processor = time.perf_counter(), time.thread_time()
            context = SimpleNamespace(aws_request_id=str(uuid.uuid4()))
            answer = self._handler(event, context)
            self._recorder.invocations.append(
                Invocation(
                    phase,
                    self._name,
                    kind,
                    time.perf_counter() - begun,
                    time.thread_time() - processor,
                    self._recorder.log.take(),
                    [asdict(tally) for tally in self._counter.tallies()],
                )
            )
        return answer

    def _weigh(self, params: Mapping[str, Any], **_: Any) -> None:
        item = params["Item"]
        kind = item["sk"]["S"].partition("#")[0]
        self._recorder.items.append((self._recorder.phase, self._name, kind, item_size(item)))


def count_output() -> LogBytes:
    """Count what is written to standard output from now on; call before handlers are imported."""
    log = LogBytes()
    sys.stdout = log  # type: ignore[assignment]
    return log
