"""The websockets on AWS."""

from formicary.adapters.aws.api_gateway_sockets import ApiGatewaySockets
from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_ant_repository import DynamoDbAntRepository
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.dynamodb_socket_ants import DynamoDbSocketAnts
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.adapters.system import SystemClock
from formicary.bootstrap.later_client import later
from formicary.service_layer.serve_socket import SocketServer
from formicary.service_layer.socket_tasks import SocketTasks


def build_socket_server(
    *, table_name: str, events_queue_url: str, socket_api_id: str, socket_stage: str
) -> SocketServer:
    """Return what answers websocket clients."""
    clients = AwsClients()
    return SocketServer(
        build_socket_tasks(clients, table_name, events_queue_url, socket_api_id, socket_stage)
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
