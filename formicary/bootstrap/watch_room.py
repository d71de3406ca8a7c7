"""Who watches runs, on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_watchers import DynamoDbWatchers
from formicary.adapters.aws.lambda_bell import LambdaBell
from formicary.adapters.system import SystemClock
from formicary.bootstrap.later_client import later
from formicary.service_layer.watch_run import KnownWatchers, WatchRoom


def watch_room(clients: AwsClients, table_name: str, watch_function: str) -> WatchRoom:
    """Return where it is known which runs are watched."""
    watchers = DynamoDbWatchers(clients.dynamodb, table_name)
    bell = LambdaBell(later(lambda: clients.functions), watch_function)
    return WatchRoom(KnownWatchers(watchers, SystemClock()), bell)
