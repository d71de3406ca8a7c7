"""Dead letters of the events queue on SQS: each is sent on some times, then left where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What cannot be applied in so many rounds never will be; the queue forgets it after two weeks.
MAX_ROUNDS = 3
_ROUND = "FormicaryRound"
_BATCH = 10
# Letters that are left come again after their time of invisibility: the search has to end.
_RECEIVES = 50


class SqsDeadLetters:
    """DeadLetters on two SQS queues; the round travels with the message as an attribute."""

    def __init__(self, client: SQSClient, dead_letters_url: str, events_url: str) -> None:
        # The stubs type messages by literals that ours are not composed of, hence Any.
        self._client: Any = client
        self._dead_letters_url = dead_letters_url
        self._events_url = events_url

    @aws_errors()
    def send_on(self, limit: int) -> int:
        """Send letters back to the queue they come from; return how many."""
        sent = 0
        for _ in range(_RECEIVES):
            answer = self._client.receive_message(
                QueueUrl=self._dead_letters_url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=0,
                MessageAttributeNames=[_ROUND],
            )
            letters = answer.get("Messages", [])
            sent += self._send([letter for letter in letters if _round_of(letter) < MAX_ROUNDS])
            if not letters or sent >= limit:
                break
        return sent

    def _send(self, letters: list[Mapping[str, Any]]) -> int:
        """Send, then delete: a letter may be sent twice, and is never lost."""
        if not letters:
            return 0
        answer = self._client.send_message_batch(
            QueueUrl=self._events_url,
            Entries=[
                {
                    "Id": str(place),
                    "MessageBody": letter["Body"],
                    "MessageAttributes": {
                        _ROUND: {"DataType": "Number", "StringValue": str(_round_of(letter) + 1)}
                    },
                }
                for place, letter in enumerate(letters)
            ],
        )
        taken = [letters[int(entry["Id"])] for entry in answer.get("Successful", [])]
        if taken:
            self._client.delete_message_batch(
                QueueUrl=self._dead_letters_url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": letter["ReceiptHandle"]}
                    for place, letter in enumerate(taken)
                ],
            )
        if answer.get("Failed"):
            raise UnavailableError(f"SQS did not take {len(answer['Failed'])} dead letters.")
        return len(taken)


def _round_of(letter: Mapping[str, Any]) -> int:
    attribute = letter.get("MessageAttributes", {}).get(_ROUND)
    return int(attribute["StringValue"]) if attribute else 0
