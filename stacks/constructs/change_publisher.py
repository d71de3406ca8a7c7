"""What happened to jobs, for those who only watch: table stream to bus, off the hot path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.nag import accept
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_with_dlq import dead_letter_queue

if TYPE_CHECKING:
    from stacks.deployment import Deployment


class ChangePublisher(Construct):
    """The event bus and the function that fills it from the table's stream."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        table: dynamodb.TableV2,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, construct_id)
        stream_arn = table.table_stream_arn
        if stream_arn is None:
            raise ValueError("the table has no stream")
        self.bus = events.EventBus(self, "Bus")
        given_up = dead_letter_queue(self, "GivenUp")
        self.publisher = publisher = PythonFunction(
            self,
            "PublishChanges",
            name="publish_changes",
            code=code,
            environment={
                "EVENT_BUS_NAME": self.bus.event_bus_name,
                "TABLE_NAME": table.table_name,
            },
            permissions=[
                permissions.allow(
                    stream_arn,
                    actions=(
                        "dynamodb:DescribeStream",
                        "dynamodb:GetRecords",
                        "dynamodb:GetShardIterator",
                        "dynamodb:ListStreams",
                    ),
                ),
                permissions.list_watchers(table),
                permissions.note_told_ends(table),
                permissions.allow(self.bus.event_bus_arn, actions=("events:PutEvents",)),
                permissions.allow(given_up.queue_arn, actions=("sqs:SendMessage",)),
            ],
            timeout_seconds=30,
            memory_mb=256,
            removal_policy=deployment.removal_policy,
        )
        self.function = publisher.function
        accept(
            given_up,
            "AwsSolutions-SQS3",
            "It is a dead-letter queue itself: the mapping below sends it what it gave up.",
        )
        self._follow(stream_arn, given_up.queue_arn)

    def _follow(self, stream_arn: str, given_up_arn: str) -> None:
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Follow",
            function_name=self.function.function_arn,
            event_source_arn=stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=100,
            maximum_batching_window_in_seconds=1,
            maximum_retry_attempts=5,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            destination_config={"onFailure": {"destination": given_up_arn}},
            filter_criteria={"filters": [{"pattern": json.dumps(_HEADS)}]},
        )
        mapping.node.add_dependency(self.function)


# Heads of runs alone: attempts, artifacts and heartbeats are nobody's news.
_HEADS = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {"Keys": {"sk": {"S": ["RUN"]}}},
}
