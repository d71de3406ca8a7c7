"""Whatever botocore raises leaves the adapters as an error of the product."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from formicary.adapters.aws.clients import AwsClients
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
from tests.ports import free_port


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


class _Answers:
    """Stands in for the wire: answers of DynamoDB in turn, the last one for ever."""

    def __init__(self, *reasons: list[str]) -> None:
        self._reasons = reasons
        self.calls = 0

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        reasons = self._reasons[min(self.calls, len(self._reasons) - 1)]
        self.calls += 1
        if not reasons:
            return AWSResponse(request.url, 200, {}, _Raw(b"{}"))
        cancelled = {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "CancellationReasons": [{"Code": reason} for reason in reasons],
        }
        return AWSResponse(request.url, 400, {}, _Raw(json.dumps(cancelled).encode()))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        return [self._body]


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        (([],), 1),
        ((["None", "ThrottlingError"], []), 2),
        ((["ProvisionedThroughputExceeded"], ["ThrottlingError"], []), 3),
    ],
)
def test_a_transaction_that_is_throttled_is_tried_again(answers, calls, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = AwsClients().dynamodb
    wire = _Answers(*answers)
    client.meta.events.register("before-send.dynamodb.TransactWriteItems", wire)

    client.transact_write_items(TransactItems=[])

    assert wire.calls == calls


@pytest.mark.parametrize(
    ("reasons", "calls"),
    [
        (["ConditionalCheckFailed", "None"], 1),
        (["ConditionalCheckFailed", "ThrottlingError"], 1),
        (["ThrottlingError"], 4),
    ],
)
def test_a_transaction_that_is_lost_or_throttled_for_good_is_told(reasons, calls, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = AwsClients().dynamodb
    wire = _Answers(reasons)
    client.meta.events.register("before-send.dynamodb.TransactWriteItems", wire)

    with pytest.raises(ClientError, match="TransactionCanceledException"):
        client.transact_write_items(TransactItems=[])

    assert wire.calls == calls
