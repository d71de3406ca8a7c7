"""HTTP tasks without a host: a function that the engine starts with a task that no ant serves.

Nothing polls, so it costs nothing while there is no such task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.nag import accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment

# The longest there is; tasks end a minute before it (`formicary/domain/http_function.py`).
_TIMEOUT_SECONDS = 900
# Shorter than the function waits for an answer.
_DESK_TIMEOUT_SECONDS = 20
# The nightly sweep hands out again what nobody has after half an hour; by then a start that was
# held up must not come any more.
_MAX_WAIT_SECONDS = 1200


class HttpFunction(Construct):
    """The function, the role whose rights it takes, narrowed to its task, and what it may ask."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        events: sqs.Queue,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, construct_id)
        desk = self._build_desk(deployment, data, code)
        self.server = PythonFunction(
            self,
            "ServeHttp",
            name="serve_http",
            code=code,
            environment={
                "EVENTS_QUEUE_URL": events.queue_url,
                "ARTIFACT_BUCKET": data.artifacts.bucket_name,
                "QUEUE_NAME_PREFIX": deployment.queue_name_prefix,
                "PRIVATE_ADDRESSES": str(deployment.private_webhooks).lower(),
                "ATTEMPT_FUNCTION": desk.function_name,
            },
            permissions=[permissions.allow(desk.function_arn, actions=("lambda:InvokeFunction",))],
            timeout_seconds=_TIMEOUT_SECONDS,
            memory_mb=512,
            max_concurrency=deployment.http_function_concurrency,
            removal_policy=deployment.removal_policy,
        )
        tasks = iam.Role(
            self,
            "Tasks",
            description="What a function may do at most for an HTTP task",
            assumed_by=iam.ArnPrincipal(self.server.role.role_arn),
        )
        tasks.add_to_policy(permissions.allow(events.queue_arn, actions=permissions.SEND))
        for statement in permissions.read_and_write_objects(data.artifacts):
            tasks.add_to_policy(statement)
        accept_scoped_wildcards(tasks)
        self.server.role.add_to_policy(
            permissions.allow(tasks.role_arn, actions=("sts:AssumeRole",))
        )
        self.server.function.add_environment("FORMICARY_TASK_ROLE_ARN", tasks.role_arn)
        # A call that breaks off is made twice more, a minute and two later.
        lambda_.CfnEventInvokeConfig(
            self,
            "Invoked",
            function_name=self.server.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=_MAX_WAIT_SECONDS,
        )

    def _build_desk(
        self, deployment: Deployment, data: DataStack, code: lambda_.Code
    ) -> lambda_.Function:
        """Build what is asked about an attempt: it alone of the two may open secrets."""
        return PythonFunction(
            self,
            "AnswerAttempt",
            name="answer_attempt",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "ROOT_KEY_PARAMETER": deployment.root_key_parameter,
            },
            permissions=[
                permissions.read_table(data.table),
                permissions.read_parameter(deployment.root_key_parameter),
            ],
            timeout_seconds=_DESK_TIMEOUT_SECONDS,
            memory_mb=512,
            removal_policy=deployment.removal_policy,
        ).function
