"""Whatever botocore raises leaves the adapters as an error of the product."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.domain.errors import (
    ConcurrentUpdateError,
    FormicaryError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)
from formicary.domain.events import JobSubmitted
from formicary.domain.messages import pack_event
from tests.contract.emulators import free_port


def answer(code: str, status: int = 400, message: str = "", reasons: list[str] | None = None):
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": [{"Code": reason} for reason in reasons or ()],
    }
    return ClientError(response, "PutItem")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answer("ConditionalCheckFailedException"), ConcurrentUpdateError),
        (answer("TransactionConflictException"), ConcurrentUpdateError),
        (
            answer("TransactionCanceledException", reasons=["None", "ConditionalCheckFailed"]),
            ConcurrentUpdateError,
        ),
        (
            answer("TransactionCanceledException", reasons=["TransactionConflict"]),
            ConcurrentUpdateError,
        ),
        (answer("TransactionCanceledException", reasons=["ThrottlingError"]), UnavailableError),
        (answer("TransactionCanceledException", reasons=["ValidationError"]), FormicaryError),
        (answer("ProvisionedThroughputExceededException"), UnavailableError),
        (answer("ThrottlingException"), UnavailableError),
        (answer("SlowDown", 503), UnavailableError),
        (answer("Whatever", 500), UnavailableError),
        (answer("Whatever", 429), UnavailableError),
        (answer("NoSuchKey", 404), NotFoundError),
        (answer("AWS.SimpleQueueService.NonExistentQueue"), NotFoundError),
        (
            answer("ValidationException", message="Item size has exceeded the maximum"),
            PayloadTooLargeError,
        ),
        (answer("AccessDeniedException"), FormicaryError),
        (answer("ResourceNotFoundException"), FormicaryError),
        (EndpointConnectionError(endpoint_url="http://x"), UnavailableError),
        (ConnectTimeoutError(endpoint_url="http://x"), UnavailableError),
        (ReadTimeoutError(endpoint_url="http://x"), UnavailableError),
        (NoCredentialsError(), FormicaryError),
    ],
    ids=str,
)
def test_an_error_of_aws_becomes_one_of_ours(error, expected):
    with pytest.raises(FormicaryError) as caught, aws_errors():
        raise error

    assert type(caught.value) is expected
    assert caught.value.__cause__ is error


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError), aws_errors():
        raise KeyError("x")


def test_a_service_that_is_not_there_is_unavailable():
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    client = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{free_port()}", config=config)

    with pytest.raises(UnavailableError):
        DynamoDbRunRepository(client, "table").find("t", "r")


class HalfDeafClient:
    """Takes the first message of a batch and refuses the others."""

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803 - as botocore names them
        failed = [{"Id": e["Id"], "Code": "InternalError", "SenderFault": False} for e in Entries]
        return {"Successful": [], "Failed": failed[1:]}


def test_a_batch_that_was_taken_in_part_is_an_error():
    message = pack_event("t", "r", "e", "p", JobSubmitted())

    with pytest.raises(UnavailableError, match="2 events"):
        SqsEventQueue(HalfDeafClient(), "url").send_all([message] * 3)
