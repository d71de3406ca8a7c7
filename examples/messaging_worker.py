"""A worker of your own for MESSAGING tasks: takes requests off a queue, works, and replies.

python messaging_worker.py REQUEST_QUEUE REPLY_QUEUE

It needs boto3, and what boto3 finds of AWS: a region, credentials, AWS_ENDPOINT_URL for the local
system. It knows nothing of Formicary but two JSON objects (docs/executors.md). Start as many as
you like; each request goes to one of them. SIGTERM ends it after the request in hand.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Any

import boto3

Json = dict[str, Any]
# What the other side is told when there is nothing to work on; the job routes by the exit code.
_NO_TEXT: Json = {
    "status": "FAILED",
    "exit_code": "3",
    "error_code": "ERR_NO_TEXT",
    "error_message": "the variable Text has no words: give the job some, -p Text=...",
}


def work(request: Json) -> Json:
    """Do the business and tell its outcome: put your own here."""
    variables: dict[str, Json] = request["variables"]
    words = str(variables.get("Text", {}).get("value") or "").split()
    if not words:
        return _NO_TEXT
    return {
        "status": "COMPLETED",
        "exit_code": "0",
        # Later tasks read these as {{.Words}} and {{.epoch}}.
        "task_context": {"Words": len(words), "epoch": int(time.time())},
        "stdout": [f"counted for {request['job_type']}/{request['task_type']}"],
    }


def reply_to(request: Json) -> Json:
    """Name the request that the outcome belongs to; a worker that stumbles replies, too."""
    try:
        outcome = work(request)
    except Exception as error:  # noqa: BLE001 - whatever it was, somebody waits for a reply
        outcome = {"status": "FAILED", "error_code": "ERR_WORKER", "error_message": repr(error)}
    names = ("job_request_id", "job_type", "task_type", "task_execution_id", "co_relation_id")
    return {**{name: request.get(name) for name in names}, **outcome}


class Worker:
    """One request after the other until it is told to stop."""

    def __init__(self, sqs: Any, request_queue: str, reply_queue: str) -> None:
        self._sqs = sqs
        self._stopping = False
        # Making a queue that is there already finds it. A day is plenty for a reply.
        self._requests = sqs.create_queue(QueueName=request_queue)["QueueUrl"]
        day = {"MessageRetentionPeriod": "86400"}
        self._replies = sqs.create_queue(QueueName=reply_queue, Attributes=day)["QueueUrl"]

    def stop(self, *_: object) -> None:
        """Take no more."""
        self._stopping = True

    def run(self) -> None:
        """Take requests; one whose worker dies before its reply comes back to another worker."""
        while not self._stopping:
            for message in self._received():
                reply = reply_to(json.loads(message["Body"]))
                self._sqs.send_message(QueueUrl=self._replies, MessageBody=json.dumps(reply))
                handle = message["ReceiptHandle"]
                self._sqs.delete_message(QueueUrl=self._requests, ReceiptHandle=handle)

    def _received(self) -> list[Json]:
        answer = self._sqs.receive_message(
            QueueUrl=self._requests, MaxNumberOfMessages=1, WaitTimeSeconds=5
        )
        found: list[Json] = answer.get("Messages", [])
        return found


def main(request_queue: str, reply_queue: str) -> None:
    """Work until SIGTERM."""
    worker = Worker(boto3.client("sqs"), request_queue, reply_queue)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
