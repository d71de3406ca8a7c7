"""Ways by which something is told: events, tasks, the bus for those who watch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from formicary.domain.lifecycle_event import LifecycleEvent
from formicary.domain.messages import EventMessage
from formicary.domain.routing_key import RoutingKey
from formicary.domain.task_request import TaskMessage

# The longest that a queue delays a message, s.
MAX_DELAY_SECONDS = 900


class EventQueue(Protocol):
    """The one way by which anything changes a run."""

    def send(self, message: EventMessage, delay_seconds: int = 0) -> None:
        """Send an event, delayed by at most MAX_DELAY_SECONDS; doubles are the core's business."""

    def send_at(self, message: EventMessage, moment: datetime, name: str) -> None:
        """Send an event at a moment that is further off than a queue can delay.

        It may come early, by minutes, and the engine sends it on its way again. The same name
        twice sends once.
        """

    def send_all(self, messages: Sequence[EventMessage]) -> None:
        """Send several in as few calls as can be."""


class TaskQueues(Protocol):
    """One queue a routing key."""

    def ensure(self, tenant: str, key: RoutingKey) -> str:
        """Make the queue if need be and return its URL."""

    def send(self, tenant: str, key: RoutingKey, message: TaskMessage) -> None:
        """Send a task, making the queue if need be."""


class TaskFunction(Protocol):
    """A function that carries out a task which no ant serves."""

    def start(self, message: TaskMessage) -> None:
        """Start it with a task and return at once; PayloadTooLargeError."""


class QueueCounts(Protocol):
    """How much is on the task queues."""

    def count(self, queue_url: str) -> int:
        """Return about how many messages a queue has, hidden ones too; 0 when it is gone."""


class EventBus(Protocol):
    """Where everybody may listen who only watches."""

    def publish(self, events: Sequence[LifecycleEvent]) -> Sequence[int]:
        """Publish events in their order; return the places of those that were not taken."""
