"""The task queues in memory; their messages go through their wire form."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from formicary.adapters.memory.in_memory_queue import InMemoryQueue
from formicary.adapters.message_limits import checked_body
from formicary.domain.routing_key import RoutingKey
from formicary.domain.task_request import TaskMessage
from formicary.ports import Clock

_URL_PREFIX = "memory://queues/"


@dataclass(frozen=True, slots=True)
class ReceivedTask:
    """A task as an ant receives it."""

    message: TaskMessage
    receipt: str
    receive_count: int
    waited_seconds: float


class InMemoryTaskQueues:
    """TaskQueues that also offers the ant's side, by queue URL."""

    def __init__(
        self, clock: Clock, queue_name_prefix: str = "formicary", visibility_seconds: float = 30
    ) -> None:
        self._clock = clock
        self._prefix = queue_name_prefix
        self._visibility_seconds = visibility_seconds
        self._lock = threading.Lock()
        self._queues: dict[str, InMemoryQueue] = {}

    def ensure(self, tenant: str, key: RoutingKey) -> str:
        """Make the queue if need be and return its URL."""
        url = _URL_PREFIX + key.queue_name(self._prefix, tenant)
        with self._lock:
            if url not in self._queues:
                self._queues[url] = InMemoryQueue(self._clock, self._visibility_seconds)
        return url

    def send(self, tenant: str, key: RoutingKey, message: TaskMessage) -> None:
        """Send a task."""
        body = checked_body(message.model_dump_json())
        self.queue(self.ensure(tenant, key)).send(body)

    def queue(self, url: str) -> InMemoryQueue:
        """Return the queue behind a URL; KeyError when there is none."""
        return self._queues[url]

    def count(self, queue_url: str) -> int:
        """Return how many messages a queue has, hidden ones too; 0 when it is gone."""
        with self._lock:
            return len(self._queues.get(queue_url, ()))

    def urls(self) -> Sequence[str]:
        """Return the URLs of all queues."""
        with self._lock:
            return sorted(self._queues)

    def receive(self, url: str, max_messages: int = 1) -> Sequence[ReceivedTask]:
        """Return visible tasks of a queue and hide them for the lease."""
        return [
            ReceivedTask(
                TaskMessage.model_validate_json(got.body),
                got.receipt,
                got.receive_count,
                got.waited_seconds,
            )
            for got in self.queue(url).receive(max_messages)
        ]

    def delete(self, url: str, receipt: str) -> bool:
        """Remove a task that was done."""
        return self.queue(url).delete(receipt)

    def extend(self, url: str, receipt: str, seconds: float) -> bool:
        """Extend a lease; False when it is lost."""
        return self.queue(url).extend(receipt, seconds)
