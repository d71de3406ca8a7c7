"""The API on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_ant_repository import DynamoDbAntRepository
from formicary.adapters.aws.dynamodb_configs import DynamoDbConfigRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_error_rules import DynamoDbErrorRuleRepository
from formicary.adapters.aws.dynamodb_gates import DynamoDbGateRepository
from formicary.adapters.aws.dynamodb_notifications import DynamoDbNotifications
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.dynamodb_socket_ants import DynamoDbSocketAnts
from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.adapters.aws.s3_object_store import S3ObjectStore
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.adapters.aws.sqs_task_queues import SqsTaskQueues
from formicary.adapters.aws.ssm_root_keys import SsmRootKeys
from formicary.adapters.aws.sts_credential_broker import StsCredentialBroker
from formicary.adapters.system import SystemClock, UlidGenerator
from formicary.bootstrap.later_client import later
from formicary.bootstrap.pictures import png_painter
from formicary.bootstrap.sealer import aes_gcm_sealer
from formicary.bootstrap.watch_room import watch_room
from formicary.service_layer.control_plane import AntEnvironment, ControlPlane
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.tenant_limits import KnownLimits


def build_api(
    *,
    table_name: str,
    events_queue_url: str,
    artifact_bucket: str,
    queue_name_prefix: str,
    ant_role_arn: str,
    root_key_parameter: str,
    watch_function: str,
    serves_http: bool = False,
    heartbeat_seconds: float = 5.0,
    lease_seconds: int = 30,
) -> ControlPlane:
    """Return the API's ports; region, endpoint and credentials are botocore's business."""
    clients = AwsClients()
    clock = SystemClock()
    gates = DynamoDbGateRepository(clients.dynamodb, table_name)
    definitions = DynamoDbDefinitionRepository(clients.dynamodb, table_name)
    return ControlPlane(
        definitions=definitions,
        parsed=ParsedDefinitions(definitions),
        runs=DynamoDbRunRepository(clients.dynamodb, table_name),
        ants=DynamoDbAntRepository(clients.dynamodb, table_name, clock),
        events=SqsEventQueue(clients.sqs, events_queue_url),
        task_queues=SqsTaskQueues(clients.sqs, queue_name_prefix, lease_seconds=lease_seconds),
        objects=S3ObjectStore(later(lambda: clients.s3), artifact_bucket),
        tokens=DynamoDbTokenRepository(clients.dynamodb, table_name),
        credentials=StsCredentialBroker(
            later(lambda: clients.sts),
            role_arn=ant_role_arn,
            queue_name_prefix=queue_name_prefix,
            events_queue_url=events_queue_url,
            bucket=artifact_bucket,
        ),
        pictures=later(png_painter),
        configs=DynamoDbConfigRepository(clients.dynamodb, table_name),
        sockets=DynamoDbSocketAnts(clients.dynamodb, table_name, clock),
        error_rules=DynamoDbErrorRuleRepository(clients.dynamodb, table_name),
        secrets=later(lambda: aes_gcm_sealer(SsmRootKeys(clients.ssm, root_key_parameter))),
        notifications=DynamoDbNotifications(clients.dynamodb, table_name),
        clock=clock,
        ids=UlidGenerator(),
        gates=gates,
        limits=KnownLimits(gates, clock),
        watch_room=watch_room(clients, table_name, watch_function),
        ant_environment=AntEnvironment(
            region=clients.sqs.meta.region_name,
            artifact_bucket=artifact_bucket,
            events_queue_url=events_queue_url,
            queue_name_prefix=queue_name_prefix,
            heartbeat_seconds=heartbeat_seconds,
            lease_seconds=lease_seconds,
            http_function=serves_http,
        ),
    )
