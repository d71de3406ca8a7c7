"""The events queue in memory; its messages go through their wire form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from formicary.adapters.memory.in_memory_queue import InMemoryQueue
from formicary.adapters.message_limits import checked_body, checked_delay
from formicary.domain.messages import EventMessage
from formicary.ports import Clock


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event as the engine receives it."""

    message: EventMessage
    receipt: str
    receive_count: int


class InMemoryEventQueue:
    """EventQueue that also offers the receiving side."""

    def __init__(
        self, clock: Clock, visibility_seconds: float = 90, max_receive_count: int | None = None
    ) -> None:
        self._clock = clock
        self._names: set[str] = set()
        self.queue = InMemoryQueue(clock, visibility_seconds, max_receive_count)

    def send(self, message: EventMessage, delay_seconds: int = 0) -> None:
        """Send an event, perhaps delayed."""
        self.queue.send(_body_of(message), checked_delay(delay_seconds))

    def send_at(self, message: EventMessage, moment: datetime, name: str) -> None:
        """Send an event at a moment, once a name."""
        if name not in self._names:
            self._names.add(name)
            seconds = (moment - self._clock.now()).total_seconds()
            self.queue.send(_body_of(message), max(0.0, seconds))

    def send_all(self, messages: Sequence[EventMessage]) -> None:
        """Send several; none when one of them is too large."""
        for body in [_body_of(message) for message in messages]:
            self.queue.send(body)

    def receive(self, max_messages: int = 10) -> Sequence[ReceivedEvent]:
        """Return visible events and hide them."""
        return [
            ReceivedEvent(
                EventMessage.model_validate_json(got.body), got.receipt, got.receive_count
            )
            for got in self.queue.receive(max_messages)
        ]

    def delete(self, receipt: str) -> bool:
        """Remove an event that was handled."""
        return self.queue.delete(receipt)

    def extend(self, receipt: str, seconds: float) -> bool:
        """Hide an event for longer, or show it at once."""
        return self.queue.extend(receipt, seconds)

    def pending(self) -> Sequence[EventMessage]:
        """Return all events that are in the queue, hidden and delayed ones too."""
        return [EventMessage.model_validate_json(body) for body in self.queue.bodies()]


def _body_of(message: EventMessage) -> str:
    return checked_body(message.model_dump_json())
