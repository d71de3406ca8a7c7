"""The publisher of changes on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_told_ends import DynamoDbToldEnds
from formicary.adapters.aws.eventbridge_event_bus import EventBridgeEventBus
from formicary.adapters.system import SystemClock
from formicary.bootstrap.watch_room import watch_room
from formicary.ports import EventBus, ToldEnds
from formicary.service_layer.watch_run import WatchRoom


def build_publisher(*, event_bus_name: str) -> EventBus:
    """Return the bus of lifecycle events."""
    return EventBridgeEventBus(AwsClients().events, event_bus_name)


def build_told_ends(table_name: str) -> ToldEnds:
    """Return where it is noted which ends the bus was told of."""
    return DynamoDbToldEnds(AwsClients().dynamodb, table_name, SystemClock())


def build_watch_room(table_name: str, watch_function: str) -> WatchRoom:
    """Return where it is known which runs are watched."""
    return watch_room(AwsClients(), table_name, watch_function)
