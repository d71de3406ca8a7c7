"""The authorizer on AWS; also what makes tokens."""

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.ports import TokenRepository


def build_authorizer(*, table_name: str) -> TokenRepository:
    """Return the bearer tokens."""
    return DynamoDbTokenRepository(AwsClients().dynamodb, table_name)
