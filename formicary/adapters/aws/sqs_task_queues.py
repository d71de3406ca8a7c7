"""The task queues on SQS, made when they are first needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.message_limits import checked_body
from formicary.domain.errors import FormicaryError, NotFoundError
from formicary.domain.routing_key import RoutingKey
from formicary.domain.task_request import TaskMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LEASE_SECONDS = 30
_FOURTEEN_DAYS = 14 * 24 * 3600
_LONG_POLL_SECONDS = 20
_NOT_IN_A_TAG = re.compile(r"[^\w.:/=+@ -]")
_MAX_TAG = 256
_EXISTS = frozenset({"QueueAlreadyExists", "QueueNameExists"})


class SqsTaskQueues:
    """TaskQueues on SQS; URLs are remembered, so a known queue costs one call a task."""

    def __init__(
        self, client: SQSClient, queue_name_prefix: str, *, lease_seconds: int = LEASE_SECONDS
    ) -> None:
        self._client = client
        self._prefix = queue_name_prefix
        self._lease_seconds = lease_seconds
        self._urls: dict[str, str] = {}

    def ensure(self, tenant: str, key: RoutingKey) -> str:
        """Make the queue if need be and return its URL."""
        name = key.queue_name(self._prefix, tenant)
        return self._urls.get(name) or self._create(name, tenant, key)

    def send(self, tenant: str, key: RoutingKey, message: TaskMessage) -> None:
        """Send a task, making the queue if need be."""
        body = checked_body(message.model_dump_json())
        name = key.queue_name(self._prefix, tenant)
        try:
            self._send(self._urls.get(name) or self._look_up(name), body)
        except NotFoundError:
            self._send(self._create(name, tenant, key), body)

    @aws_errors()
    def _send(self, url: str, body: str) -> None:
        self._client.send_message(QueueUrl=url, MessageBody=body)

    @aws_errors()
    def _look_up(self, name: str) -> str:
        url = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        self._urls[name] = url
        return url

    def _create(self, name: str, tenant: str, key: RoutingKey) -> str:
        try:
            return self._create_as_configured(name, tenant, key)
        except FormicaryError as error:
            # It is there, made with another lease: ants extend their leases themselves.
            if error.details.get("aws_code") not in _EXISTS:
                raise
            return self._look_up(name)

    @aws_errors()
    def _create_as_configured(self, name: str, tenant: str, key: RoutingKey) -> str:
        url = self._client.create_queue(
            QueueName=name,
            Attributes={
                "VisibilityTimeout": str(self._lease_seconds),
                "MessageRetentionPeriod": str(_FOURTEEN_DAYS),
                "ReceiveMessageWaitTimeSeconds": str(_LONG_POLL_SECONDS),
            },
            tags={
                "formicary:tenant": _tag(tenant),
                "formicary:routing-key": _tag(f"{key.method}/{'+'.join(key.tags)}"),
            },
        )["QueueUrl"]
        self._urls[name] = url
        return url


def _tag(text: str) -> str:
    """Return the text as the value of a tag: https://docs.aws.amazon.com/tag-editor."""
    return _NOT_IN_A_TAG.sub("_", text)[:_MAX_TAG]
