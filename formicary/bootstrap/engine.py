"""The engine on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_ant_repository import DynamoDbAntRepository
from formicary.adapters.aws.dynamodb_configs import DynamoDbConfigRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_error_rules import DynamoDbErrorRuleRepository
from formicary.adapters.aws.dynamodb_gates import DynamoDbGateRepository
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.lambda_task_function import LambdaTaskFunction
from formicary.adapters.aws.s3_object_store import S3ObjectStore
from formicary.adapters.aws.scheduler_timers import SchedulerTimers
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.adapters.aws.sqs_task_queues import SqsTaskQueues
from formicary.adapters.aws.step_functions_house import StepFunctionsHouse
from formicary.adapters.system import SystemClock, UlidGenerator
from formicary.bootstrap.later_client import later
from formicary.bootstrap.sockets import build_socket_tasks
from formicary.service_layer.handle_event import Engine


def build_engine(
    *,
    table_name: str,
    events_queue_url: str,
    events_queue_arn: str,
    artifact_bucket: str,
    queue_name_prefix: str,
    timer_group: str,
    timer_role_arn: str,
    socket_api_id: str,
    socket_stage: str,
    housekeeping_arn: str,
    http_function: str = "",
) -> Engine:
    """Return the engine; region, endpoint and credentials are botocore's business."""
    clients = AwsClients()
    clock = SystemClock()
    timers = SchedulerTimers(
        later(lambda: clients.scheduler),
        group_name=timer_group,
        role_arn=timer_role_arn,
        target_arn=events_queue_arn,
    )
    return Engine(
        runs=DynamoDbRunRepository(clients.dynamodb, table_name),
        definitions=DynamoDbDefinitionRepository(clients.dynamodb, table_name),
        ants=DynamoDbAntRepository(clients.dynamodb, table_name, clock),
        events=SqsEventQueue(clients.sqs, events_queue_url, timers),
        task_queues=SqsTaskQueues(clients.sqs, queue_name_prefix),
        objects=S3ObjectStore(later(lambda: clients.s3), artifact_bucket),
        clock=clock,
        ids=UlidGenerator(),
        gates=DynamoDbGateRepository(clients.dynamodb, table_name),
        configs=DynamoDbConfigRepository(clients.dynamodb, table_name),
        sockets=build_socket_tasks(
            clients, table_name, events_queue_url, socket_api_id, socket_stage
        ),
        house=StepFunctionsHouse(later(lambda: clients.stepfunctions), housekeeping_arn),
        error_rules=DynamoDbErrorRuleRepository(clients.dynamodb, table_name),
        task_function=(
            LambdaTaskFunction(later(lambda: clients.functions), http_function)
            if http_function
            else None
        ),
    )
