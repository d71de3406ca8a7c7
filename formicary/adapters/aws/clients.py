"""Makes the AWS clients: how long to wait and how often to try again is decided here alone.

Region, endpoint and credentials come from botocore's own configuration, never from us.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

# botocore has no types; the clients below are typed by stubs. boto3 would add the import of its
# transfer manager, two tenths of a second of every cold start.
import botocore.session  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]

from formicary.adapters.aws.error_mapping import aws_errors, is_throttled_transaction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_CONNECT_TIMEOUT_SECONDS = 3
# Longer than any answer of a healthy service, shorter than the timeout of a function.
_READ_TIMEOUT_SECONDS = 10
_ATTEMPTS = 4
_POOL = 25
_BASE_WAIT_SECONDS = 0.05


class AwsClients:
    """One client a service, made when first asked for; clients may be shared by threads.

    `read_timeout_seconds` must be longer than a long poll where one is made.
    """

    def __init__(
        self, session: Any = None, *, read_timeout_seconds: float = _READ_TIMEOUT_SECONDS
    ) -> None:
        self._session = session or botocore.session.get_session()
        self._config = Config(
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            read_timeout=read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_POOL,
            tcp_keepalive=True,
            # The services check what they get; checking it here first costs half a millisecond.
            parameter_validation=False,
        )

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Client of DynamoDB."""
        client: DynamoDBClient = self._make("dynamodb")
        client.meta.events.register("needs-retry.dynamodb.TransactWriteItems", _throttled_wait)
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        """Client of SQS."""
        client: SQSClient = self._make("sqs")
        return client

    @cached_property
    def s3(self) -> S3Client:
        """Client of S3; it presigns with the signature that every region takes."""
        config = self._config.merge(Config(signature_version="s3v4"))
        client: S3Client = self._make("s3", config)
        return client

    @cached_property
    def sts(self) -> STSClient:
        """Client of STS."""
        client: STSClient = self._make("sts")
        return client

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """Client of EventBridge Scheduler."""
        client: EventBridgeSchedulerClient = self._make("scheduler")
        return client

    @cached_property
    def ssm(self) -> SSMClient:
        """Client of Systems Manager."""
        client: SSMClient = self._make("ssm")
        return client

    @cached_property
    def stepfunctions(self) -> Any:
        """Client of Step Functions; untyped, since it serves one call."""
        return self._make("stepfunctions")

    @cached_property
    def mail(self) -> Any:
        """Client of SES; untyped, since it serves one call."""
        return self._make("sesv2")

    @cached_property
    def functions(self) -> Any:
        """Client of Lambda; untyped, since it serves one call."""
        return self._make("lambda")

    @cached_property
    def events(self) -> EventBridgeClient:
        """Client of EventBridge."""
        client: EventBridgeClient = self._make("events")
        return client

    def sockets(self, api_id: str, stage: str) -> Any:
        """Client of the management API of one stage of a websocket API.

        Each stage has an address of its own on AWS; where an endpoint is configured, it lies
        below that (https://docs.localstack.cloud/aws/services/apigateway).
        """
        service = "apigatewaymanagementapi"
        default = self._make(service).meta.endpoint_url
        host = default.removeprefix("https://execute-api.")
        endpoint = (
            f"{default}/_aws/execute-api/{api_id}/{stage}"
            if host == default
            else f"https://{api_id}.execute-api.{host}/{stage}"
        )
        return self._make(service, endpoint_url=endpoint)

    def _make(self, service: str, config: Any = None, **options: Any) -> Any:
        """Make a client; a region or profile that is missing is told in words."""
        with aws_errors():
            return self._session.create_client(service, config=config or self._config, **options)


def _throttled_wait(
    attempts: int, response: tuple[Any, Mapping[str, Any]] | None, **_: Any
) -> float | None:
    """Return the seconds after which a transaction is to be tried again, if it was throttled.

    botocore retries throttled calls by the code of the error, but DynamoDB says it of a transaction
    as one of the reasons to cancel it
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
    """
    if response is None or attempts >= _ATTEMPTS or not is_throttled_transaction(response[1]):
        return None
    jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
    return _BASE_WAIT_SECONDS * float(2**attempts) * jitter
