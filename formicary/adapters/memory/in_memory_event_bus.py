"""EventBus that keeps what was published."""

from collections.abc import Sequence

from formicary.domain.lifecycle_event import LifecycleEvent


class InMemoryEventBus:
    """EventBus in memory; `refused` names the ids of events that it does not take."""

    def __init__(self) -> None:
        self.published: list[LifecycleEvent] = []
        self.refused: set[str] = set()

    def publish(self, events: Sequence[LifecycleEvent]) -> Sequence[int]:
        """Keep the events; return the places of those that were not taken."""
        self.published.extend(event for event in events if event.id not in self.refused)
        return [place for place, event in enumerate(events) if event.id in self.refused]
