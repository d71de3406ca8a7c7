"""An ant that a test plays itself: registers over HTTP, receives and reports by SQS.

It sends what a broken or hostile ant could send, with the credentials that ants are handed.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

from ant_agent.spool import report_body
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskResponse
from tests.e2e.api import eventually


class AntByHand:
    """One registered ant."""

    def __init__(self, system: Any, tag: str) -> None:
        self._tag = tag
        body = {"ant_id": f"by-hand-{tag}", "methods": ["SHELL"], "tags": [tag]}
        answer = system.api().post_json("/api/ants", body)
        assert answer.status == 201, answer
        self._told = answer.json
        lent = self._told["credentials"]
        self._sqs: Any = boto3.client(
            "sqs",
            endpoint_url=system.aws.endpoint,
            region_name=self._told["region"],
            aws_access_key_id=lent["access_key_id"],
            aws_secret_access_key=lent["secret_access_key"],
            aws_session_token=lent["session_token"],
            config=Config(proxies={}),
        )

    def receive(self) -> TaskMessage:
        """Take the next task of the tag."""
        found: list[TaskMessage] = []

        def received() -> bool:
            found.extend(self._receive(wait_seconds=5, at_most=1))
            return bool(found)

        assert eventually(received)
        return found[0]

    def all_there_is(self) -> list[TaskMessage]:
        """Take all tasks of the tag that wait now."""
        return self._receive(wait_seconds=1, at_most=10)

    def _receive(self, *, wait_seconds: int, at_most: int) -> list[TaskMessage]:
        (queue,) = [
            queue["queue_url"]
            for queue in self._told["directives"]["queues"]
            if self._tag in queue["routing_key"]
        ]
        answer = self._sqs.receive_message(
            QueueUrl=queue, WaitTimeSeconds=wait_seconds, MaxNumberOfMessages=at_most
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [TaskMessage.model_validate_json(message["Body"]) for message in messages]

    def report(self, message: TaskMessage, *, exit_code: str = "0", **changes: Any) -> None:
        """Send the outcome of a task; `changes` are made to the envelope."""
        self.send(self.report_of(message, exit_code) | changes)

    def report_of(self, message: TaskMessage, exit_code: str = "0") -> dict[str, Any]:
        """Write the report of the outcome of a task."""
        request = message.request
        response = TaskResponse(
            job_request_id=request.job_request_id,
            task_execution_id=request.task_execution_id,
            job_type=request.job_type,
            job_type_version=request.job_type_version,
            task_type=request.task_type,
            co_relation_id=request.co_relation_id,
            status=RequestState.COMPLETED if exit_code == "0" else RequestState.FAILED,
            ant_id=self._told["ant_id"],
            exit_code=exit_code,
            job_context={"Told": exit_code},
        )
        body: dict[str, Any] = json.loads(report_body(message, response))
        return body

    def send(self, body: dict[str, Any]) -> None:
        """Send anything to the events queue."""
        self._sqs.send_message(
            QueueUrl=self._told["events_queue_url"], MessageBody=json.dumps(body)
        )
