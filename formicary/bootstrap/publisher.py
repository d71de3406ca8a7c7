"""The publisher of changes on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.eventbridge_event_bus import EventBridgeEventBus
from formicary.ports import EventBus


def build_publisher(*, event_bus_name: str) -> EventBus:
    """Return the bus of lifecycle events."""
    return EventBridgeEventBus(AwsClients().events, event_bus_name)
