"""The SQS queues that MESSAGING tasks name, with the rights that the ant is lent."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

# botocore has no types.
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from ant_agent.aws_errors import error_code
from formicary.domain.messaging import CORRELATION_ATTRIBUTE, messaging_queue_name

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")
_NO_SUCH_QUEUE = frozenset({"NonExistentQueue", "QueueDoesNotExist"})
# Long enough to hand a reply out and delete it, short for the ant that waits for another one.
_HELD_SECONDS = 10
_MAX_REPLIES = 10


class QueueMissingError(Exception):
    """A queue that a task names does not exist; the message says the mend."""


class SqsAccess(Protocol):
    """Calls SQS with credentials that are good at that moment."""

    def sqs(self, call: Callable[["SQSClient"], T]) -> T:
        """Do a call of SQS."""


@dataclass(frozen=True, slots=True)
class MessagingQueue:
    """A queue as the task calls it, as SQS calls it, and where it is."""

    name: str
    full_name: str
    url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of a reply queue, hidden from others for a moment."""

    body: str
    attributes: dict[str, str]
    receipt_handle: str
    receive_count: int


class MessagingQueues:
    """Finds queues by the names in tasks, sends requests, and receives replies."""

    def __init__(self, aws: SqsAccess, prefix: Callable[[], str], *, poll_seconds: int) -> None:
        """`prefix` tells how the queues of this ant's tenant begin."""
        self._aws = aws
        self._prefix = prefix
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._urls: dict[str, str] = {}

    def find(self, name: str) -> MessagingQueue:
        """Return the queue; QueueMissingError, or QueueNameError for a name that none can have."""
        prefix = self._prefix()
        if not prefix:
            raise QueueMissingError("the control plane lends no queues yet: update its stacks")
        full_name = messaging_queue_name(prefix, name)
        with self._lock:
            url = self._urls.get(full_name)
        if url is None:
            url = self._look_up(name, full_name)
            with self._lock:
                self._urls[full_name] = url
        return MessagingQueue(name, full_name, url)

    def send(self, queue: MessagingQueue, body: str, key: str) -> None:
        """Send a request; its correlation id stands beside it too."""
        attribute = {"DataType": "String", "StringValue": key}
        try:
            self._aws.sqs(
                lambda sqs: sqs.send_message(
                    QueueUrl=queue.url,
                    MessageBody=body,
                    MessageAttributes={CORRELATION_ATTRIBUTE: attribute},  # type: ignore[dict-item]
                )
            )
        except ClientError as error:
            if error_code(error) in _NO_SUCH_QUEUE:
                raise self._missing(queue.name, queue.full_name) from error
            raise

    def receive(self, queue: MessagingQueue) -> list[Reply]:
        """Wait for replies, whoever they are for."""
        try:
            answer = self._aws.sqs(
                lambda sqs: sqs.receive_message(
                    QueueUrl=queue.url,
                    MaxNumberOfMessages=_MAX_REPLIES,
                    WaitTimeSeconds=self._poll_seconds,
                    VisibilityTimeout=_HELD_SECONDS,
                    MessageSystemAttributeNames=["ApproximateReceiveCount"],
                    MessageAttributeNames=["All"],
                )
            )
        except ClientError as error:
            if error_code(error) in _NO_SUCH_QUEUE:
                raise self._missing(queue.name, queue.full_name) from error
            raise
        return [
            Reply(
                body=message.get("Body", ""),
                attributes={
                    name: value.get("StringValue", "")
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                receipt_handle=message["ReceiptHandle"],
                receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, queue: MessagingQueue, reply: Reply) -> None:
        """Take a reply off its queue."""
        self._aws.sqs(
            lambda sqs: sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=reply.receipt_handle)
        )

    def give_back(self, queue: MessagingQueue, reply: Reply, after_seconds: int) -> None:
        """Let others have a reply, after a while."""
        self._aws.sqs(
            lambda sqs: sqs.change_message_visibility(
                QueueUrl=queue.url,
                ReceiptHandle=reply.receipt_handle,
                VisibilityTimeout=after_seconds,
            )
        )

    def _look_up(self, name: str, full_name: str) -> str:
        try:
            answer = self._aws.sqs(lambda sqs: sqs.get_queue_url(QueueName=full_name))
        except ClientError as error:
            if error_code(error) in _NO_SUCH_QUEUE:
                raise self._missing(name, full_name) from error
            raise
        return answer["QueueUrl"]

    def _missing(self, name: str, full_name: str) -> QueueMissingError:
        with self._lock:
            self._urls.pop(full_name, None)
        return QueueMissingError(
            f"the queue {name!r} does not exist; make it:"
            f" aws sqs create-queue --queue-name {full_name}"
        )
