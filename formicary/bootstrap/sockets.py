"""The websockets on AWS."""

from formicary.adapters.aws.api_gateway_sockets import ApiGatewaySockets
from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_ant_repository import DynamoDbAntRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.dynamodb_socket_ants import DynamoDbSocketAnts
from formicary.adapters.aws.dynamodb_watchers import DynamoDbWatchers
from formicary.adapters.aws.lambda_bell import LambdaBell
from formicary.adapters.aws.s3_object_store import S3ObjectStore
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.adapters.system import SystemClock
from formicary.bootstrap.later_client import later
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.run_reader import StoredRuns
from formicary.service_layer.serve_socket import SocketServer
from formicary.service_layer.socket_tasks import SocketTasks
from formicary.service_layer.tell_watchers import WatcherTeller
from formicary.service_layer.watch_run import WatchPost


def build_socket_server(
    *,
    table_name: str,
    events_queue_url: str,
    socket_api_id: str,
    socket_stage: str,
    watch_function: str,
) -> SocketServer:
    """Return what answers websocket clients."""
    clients = AwsClients()
    tasks = build_socket_tasks(clients, table_name, events_queue_url, socket_api_id, socket_stage)
    post = WatchPost(
        DynamoDbWatchers(clients.dynamodb, table_name),
        tasks.runs,
        LambdaBell(later(lambda: clients.functions), watch_function),
        tasks.clock,
    )
    return SocketServer(tasks, post)


def build_watcher_teller(
    *, table_name: str, artifact_bucket: str, socket_api_id: str, socket_stage: str
) -> WatcherTeller:
    """Return what tells the watchers of runs."""
    clients = AwsClients()
    definitions = DynamoDbDefinitionRepository(clients.dynamodb, table_name)
    reader = StoredRuns(
        DynamoDbRunRepository(clients.dynamodb, table_name),
        ParsedDefinitions(definitions),
        S3ObjectStore(later(lambda: clients.s3), artifact_bucket),
    )
    return WatcherTeller(
        DynamoDbWatchers(clients.dynamodb, table_name),
        ApiGatewaySockets(later(lambda: clients.sockets(socket_api_id, socket_stage))),
        reader,
        SystemClock(),
    )


def build_socket_tasks(
    clients: AwsClients, table_name: str, events_queue_url: str, api_id: str, stage: str
) -> SocketTasks:
    """Return what matches tasks with websocket ants."""
    clock = SystemClock()
    return SocketTasks(
        DynamoDbSocketAnts(clients.dynamodb, table_name, clock),
        ApiGatewaySockets(later(lambda: clients.sockets(api_id, stage))),
        DynamoDbRunRepository(clients.dynamodb, table_name),
        DynamoDbAntRepository(clients.dynamodb, table_name, clock),
        SqsEventQueue(clients.sqs, events_queue_url),
        clock,
    )
