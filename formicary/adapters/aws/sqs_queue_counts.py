"""How many messages are on a queue of SQS, whatever they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_Count = Literal[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]
_COUNTS: tuple[_Count, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsQueueCounts:
    """QueueCounts on SQS."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client

    def count(self, queue_url: str) -> int:
        """Return about how many messages a queue has, hidden ones too; 0 when it is gone."""
        try:
            return self._count(queue_url)
        except NotFoundError:
            return 0

    @aws_errors()
    def _count(self, queue_url: str) -> int:
        found = self._client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=_COUNTS)
        return sum(int(found["Attributes"][name]) for name in _COUNTS)
