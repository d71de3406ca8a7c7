"""A queue that gives up: what fails too often waits in a dead-letter queue for two weeks."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_TWO_WEEKS = cdk.Duration.days(14)


class QueueWithDlq(Construct):
    """A standard queue, encrypted and TLS only, with its dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        visibility_seconds: int,
        max_receive_count: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=cdk.Duration.seconds(visibility_seconds),
            retention_period=_TWO_WEEKS,
            # Empty receives are the only cost of idling: twenty seconds makes them fewest.
            receive_message_wait_time=cdk.Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=max_receive_count
            ),
        )


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """A queue for what others gave up."""
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=_TWO_WEEKS,
    )
