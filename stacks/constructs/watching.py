"""Watching runs over the websockets: a function that tells what is new, called only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.nag import accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_lambda as lambda_

    from stacks.constructs.socket_api import SocketApi
    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment


class Watching(Construct):
    """The function; whoever learns of something new calls it, and waits for no answer."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        sockets: SocketApi,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, construct_id)
        teller = PythonFunction(
            self,
            "TellWatchers",
            name="tell_watchers",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "ARTIFACT_BUCKET": data.artifacts.bucket_name,
                **sockets.environment,
            },
            permissions=[
                permissions.read_table(data.table),
                permissions.write_watchers(data.table),
                *permissions.read_objects(data.artifacts),
                sockets.manage(),
            ],
            timeout_seconds=60,
            memory_mb=512,
            removal_policy=deployment.removal_policy,
        )
        accept_scoped_wildcards(teller.role)
        self.function = teller.function

    def let_ring(self, function: lambda_.Function, role: iam.Role) -> None:
        """Let a function call for watchers to be told."""
        function.add_environment("FORMICARY_WATCH_FUNCTION", self.function.function_name)
        role.add_to_policy(
            permissions.allow(self.function.function_arn, actions=("lambda:InvokeFunction",))
        )
