"""EventBus on EventBridge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.lifecycle_event import SOURCE, LifecycleEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_BATCH = 10


class EventBridgeEventBus:
    """EventBus on one bus; ten events a call, which is what EventBridge takes."""

    def __init__(self, client: EventBridgeClient, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, events: Sequence[LifecycleEvent]) -> Sequence[int]:
        """Publish events; return the places of those that were not taken."""
        return [
            start + place
            for start in range(0, len(events), _BATCH)
            for place in self._publish_batch(events[start : start + _BATCH])
        ]

    @aws_errors()
    def _publish_batch(self, events: Sequence[LifecycleEvent]) -> list[int]:
        answer = self._client.put_events(Entries=[self._entry(event) for event in events])
        return [i for i, entry in enumerate(answer["Entries"]) if entry.get("ErrorCode")]

    def _entry(self, event: LifecycleEvent) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": event.kind,
            "Detail": json.dumps(event.to_json()),
        }
