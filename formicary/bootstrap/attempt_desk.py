"""The desk of attempts on AWS."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_configs import DynamoDbConfigRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.ssm_root_keys import SsmRootKeys
from formicary.bootstrap.later_client import later
from formicary.bootstrap.sealer import aes_gcm_sealer
from formicary.ports import AttemptDesk
from formicary.service_layer.answer_attempt import AttemptAnswers
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.task_secrets import TaskSecrets


def build_attempt_desk(*, table_name: str, root_key_parameter: str) -> AttemptDesk:
    """Return the desk; region, endpoint and credentials are botocore's business."""
    clients = AwsClients()
    secrets = TaskSecrets(
        ParsedDefinitions(DynamoDbDefinitionRepository(clients.dynamodb, table_name)),
        DynamoDbConfigRepository(clients.dynamodb, table_name),
        later(lambda: aes_gcm_sealer(SsmRootKeys(clients.ssm, root_key_parameter))),
    )
    return AttemptAnswers(DynamoDbRunRepository(clients.dynamodb, table_name), secrets)
