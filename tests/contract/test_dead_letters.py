"""Dead letters on SQS: sent on, not lost, and not for ever."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from formicary.adapters.aws.sqs_dead_letters import MAX_ROUNDS, SqsDeadLetters
from tests.contract.backends import AwsServices

_names = itertools.count(1)


class Post:
    """An events queue and its dead-letter queue, with a hand in both."""

    def __init__(self, services: AwsServices) -> None:
        self.sqs: Any = services.clients.sqs
        number = next(_names)
        self.events, self.dead = (
            self.sqs.create_queue(
                QueueName=f"dead-letters-{services.name}-{number}-{name}",
                Attributes={"VisibilityTimeout": "0"} if name == "dead" else {},
            )["QueueUrl"]
            for name in ("events", "dead")
        )
        self.letters = SqsDeadLetters(self.sqs, self.dead, self.events)

    def dies(self, body: str, attributes: dict[str, Any] | None = None) -> None:
        """Lay a message aside as SQS does: with its attributes."""
        self.sqs.send_message(
            QueueUrl=self.dead, MessageBody=body, MessageAttributes=attributes or {}
        )

    def received(self) -> list[dict[str, Any]]:
        """Take what has come to the events queue."""
        found: list[dict[str, Any]] = []
        while some := self._receive():
            found += some
        return found

    def _receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.events, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.events, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def left(self) -> int:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["All"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture(params=["moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def post(request: pytest.FixtureRequest) -> Post:
    return Post(request.getfixturevalue(f"{request.param}_services"))


def test_letters_go_back_to_their_queue_as_they_were(post):
    for number in range(23):
        post.dies(f"event {number}")

    assert post.letters.send_on(100) == 23

    assert {m["Body"] for m in post.received()} == {f"event {number}" for number in range(23)}
    assert post.left() == 0
    assert post.letters.send_on(100) == 0


def test_no_more_than_asked_for_and_a_batch_are_sent_on_at_once(post):
    for number in range(23):
        post.dies(f"event {number}")

    assert post.letters.send_on(5) == 10
    assert post.left() == 13


def test_a_letter_that_comes_back_is_sent_on_some_times_and_then_left(post):
    post.dies("poison")

    for _ in range(MAX_ROUNDS):
        assert post.letters.send_on(1) == 1
        (message,) = post.received()
        post.dies(message["Body"], message["MessageAttributes"])

    post.sqs.set_queue_attributes(QueueUrl=post.dead, Attributes={"VisibilityTimeout": "30"})
    assert post.letters.send_on(1) == 0
    assert post.received() == []
