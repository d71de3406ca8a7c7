"""Who wants to know how jobs ended: from the bus to a function that tells them.

Nothing polls: the bus calls the function, schedules call it again, and a queue keeps what nobody
could be told of. So it costs nothing while no job asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from formicary.domain.announcements import OF_JOBS
from formicary.domain.lifecycle_event import (
    SOURCE,
    JobExecutionLifecycleEvent,
    TaskExecutionLifecycleEvent,
)
from formicary.domain.states import TERMINAL_STATES
from stacks.constructs import permissions
from stacks.constructs.far_timers import FarTimers
from stacks.constructs.nag import accept, accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_with_dlq import dead_letter_queue

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment


class Notifications(Construct):
    """The function that tells people and programs, its further tries, and what it gave up."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        bus: events.EventBus,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, construct_id)
        self.given_up = dead_letter_queue(self, "GivenUp")
        accept(
            self.given_up,
            "AwsSolutions-SQS3",
            "It is a dead-letter queue itself: the function below sends it what it gave up.",
        )
        retries = FarTimers(self, "Retries", group_name=deployment.stack_name("Retries"))
        sender = self._build_function(deployment, data, retries, code)
        arn = sender.function.function_arn
        retries.role.add_to_policy(permissions.allow(arn, actions=("lambda:InvokeFunction",)))
        accept_scoped_wildcards(sender.role)
        # A call that breaks off is made twice more, a minute and two later; then it lies here.
        lambda_.CfnEventInvokeConfig(
            self,
            "Invoked",
            function_name=sender.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=self.given_up.queue_arn
                )
            ),
        )
        self._listen(bus, sender.function, self.given_up)

    def _build_function(
        self,
        deployment: Deployment,
        data: DataStack,
        retries: FarTimers,
        code: lambda_.Code,
    ) -> PythonFunction:
        mail = [permissions.send_mail_from(deployment.mail_from)] if deployment.mail_from else []
        return PythonFunction(
            self,
            "SendNotifications",
            name="send_notifications",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "ROOT_KEY_PARAMETER": deployment.root_key_parameter,
                "DEAD_LETTERS_URL": self.given_up.queue_url,
                "RETRY_GROUP": retries.group_name,
                "RETRY_ROLE_ARN": retries.role.role_arn,
                "MAIL_FROM": deployment.mail_from,
                "BASE_URL": deployment.base_url,
                "PRIVATE_WEBHOOKS": str(deployment.private_webhooks).lower(),
            },
            permissions=[
                *permissions.read_and_note(data.table),
                permissions.read_parameter(deployment.root_key_parameter),
                *retries.permissions_to_start(),
                permissions.allow(self.given_up.queue_arn, actions=permissions.SEND),
                *mail,
            ],
            timeout_seconds=60,
            memory_mb=256,
            removal_policy=deployment.removal_policy,
        )

    def _listen(
        self, bus: events.EventBus, function: lambda_.Function, given_up: sqs.Queue
    ) -> None:
        ends = sorted(TERMINAL_STATES)
        patterns = {
            "Jobs": events.EventPattern(
                source=[SOURCE],
                detail_type=[JobExecutionLifecycleEvent.kind],
                detail={"announces": list(OF_JOBS), "new_state": ends},
            ),
            "Tasks": events.EventPattern(
                source=[SOURCE], detail_type=[TaskExecutionLifecycleEvent.kind]
            ),
        }
        for name, pattern in patterns.items():
            events.Rule(
                self,
                name,
                event_bus=bus,
                event_pattern=pattern,
                targets=[
                    targets.LambdaFunction(
                        function,
                        dead_letter_queue=given_up,
                        max_event_age=cdk.Duration.hours(24),
                    )
                ],
            )
