"""Housekeeping on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_ant_repository import DynamoDbAntRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_gates import DynamoDbGateRepository
from formicary.adapters.aws.dynamodb_run_remover import DynamoDbRunRemover
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.dynamodb_socket_ants import DynamoDbSocketAnts
from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.adapters.aws.dynamodb_told_ends import DynamoDbToldEnds
from formicary.adapters.aws.eventbridge_event_bus import EventBridgeEventBus
from formicary.adapters.aws.s3_object_store import S3ObjectStore
from formicary.adapters.aws.sqs_dead_letters import SqsDeadLetters
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.adapters.aws.sqs_queue_counts import SqsQueueCounts
from formicary.adapters.system import SystemClock, UlidGenerator
from formicary.service_layer.keep_house import HouseKeeper


def build_house_keeper(
    *,
    table_name: str,
    artifact_bucket: str,
    events_queue_url: str,
    dead_letters_url: str,
    event_bus_name: str,
) -> HouseKeeper:
    """Return what does the chores."""
    clients, clock = AwsClients(), SystemClock()
    return HouseKeeper(
        registry=DynamoDbTokenRepository(clients.dynamodb, table_name),
        definitions=DynamoDbDefinitionRepository(clients.dynamodb, table_name),
        runs=DynamoDbRunRepository(clients.dynamodb, table_name),
        remover=DynamoDbRunRemover(clients.dynamodb, table_name),
        objects=S3ObjectStore(clients.s3, artifact_bucket),
        events=SqsEventQueue(clients.sqs, events_queue_url),
        dead_letters=SqsDeadLetters(clients.sqs, dead_letters_url, events_queue_url),
        clock=clock,
        ants=DynamoDbAntRepository(clients.dynamodb, table_name, clock),
        sockets=DynamoDbSocketAnts(clients.dynamodb, table_name, clock),
        gates=DynamoDbGateRepository(clients.dynamodb, table_name),
        queues=SqsQueueCounts(clients.sqs),
        bus=EventBridgeEventBus(clients.events, event_bus_name),
        told_ends=DynamoDbToldEnds(clients.dynamodb, table_name, clock),
        ids=UlidGenerator(),
    )
