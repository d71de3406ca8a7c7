"""The events queue on SQS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.message_limits import MAX_BYTES, checked_body, checked_delay
from formicary.domain.errors import UnavailableError
from formicary.domain.messages import EventMessage
from formicary.ports.queues import MAX_DELAY_SECONDS

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_sqs import SQSClient

    from formicary.adapters.aws.scheduler_timers import SchedulerTimers

_MAX_BATCH = 10


class SqsEventQueue:
    """EventQueue on one SQS queue."""

    def __init__(
        self, client: SQSClient, queue_url: str, timers: SchedulerTimers | None = None
    ) -> None:
        self._client = client
        self._timers = timers
        self._url = queue_url

    @aws_errors()
    def send(self, message: EventMessage, delay_seconds: int = 0) -> None:
        """Send an event, perhaps delayed."""
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=checked_body(message.model_dump_json()),
            DelaySeconds=checked_delay(delay_seconds),
        )

    def send_at(self, message: EventMessage, moment: datetime, name: str) -> None:
        """Send an event at a moment; without a scheduler it comes early, as late as SQS can."""
        if self._timers is None:
            self.send(message, MAX_DELAY_SECONDS)
        else:
            self._timers.start(name, moment, checked_body(message.model_dump_json()))

    def send_all(self, messages: Sequence[EventMessage]) -> None:
        """Send several, ten or a megabyte a call; UnavailableError when SQS did not take one."""
        for batch in _batches([checked_body(message.model_dump_json()) for message in messages]):
            self._send_batch(batch)

    @aws_errors()
    def _send_batch(self, bodies: Sequence[str]) -> None:
        answer = self._client.send_message_batch(
            QueueUrl=self._url,
            Entries=[{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)],
        )
        failed = answer.get("Failed", [])
        if failed:
            codes = ", ".join(sorted({entry["Code"] for entry in failed}))
            raise UnavailableError(f"SQS did not take {len(failed)} events: {codes}")


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == _MAX_BATCH or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
