"""The door for users and ants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigatewayv2

from stacks.constructs import permissions
from stacks.constructs.ant_role import AntRole
from stacks.constructs.http_api import HttpApi
from stacks.constructs.nag import accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.uv_bundling import function_code

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment
    from stacks.orchestration_stack import OrchestrationStack


class ApiStack(cdk.Stack):
    """The HTTP API with its functions, and the role that ants borrow."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        orchestration: OrchestrationStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            scope, construct_id, termination_protection=deployment.is_production, **kwargs
        )
        self._deployment = deployment
        code = function_code(deployment.bundle_for)
        handle_api = self._build_handle_api(code, data, orchestration)
        api = HttpApi(
            self,
            "HttpApi",
            api_function=handle_api.function,
            authorizer_function=self._build_authorizer(code, data).function,
            removal_policy=deployment.removal_policy,
        )
        # A claim decides about a job, and only the engine does that.
        api.route(
            apigatewayv2.HttpMethod.POST,
            "/api/ants/{id}/claims",
            orchestration.engine_function,
        )

        cdk.CfnOutput(self, "ApiId", value=api.api.api_id)
        self.url = api.api.api_endpoint
        cdk.CfnOutput(self, "ApiUrl", value=self.url)

    def _build_authorizer(self, code: lambda_.Code, data: DataStack) -> PythonFunction:
        return PythonFunction(
            self,
            "AuthorizeRequest",
            name="authorize_request",
            code=code,
            environment={"TABLE_NAME": data.table.table_name},
            permissions=[permissions.read_tokens(data.table)],
            timeout_seconds=10,
            memory_mb=512,
            removal_policy=self._deployment.removal_policy,
        )

    def _build_handle_api(
        self, code: lambda_.Code, data: DataStack, orchestration: OrchestrationStack
    ) -> PythonFunction:
        prefix = self._deployment.queue_name_prefix
        handle_api = PythonFunction(
            self,
            "HandleApi",
            name="handle_api",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "EVENTS_QUEUE_URL": orchestration.events_queue.queue_url,
                "ARTIFACT_BUCKET": data.artifacts.bucket_name,
                "QUEUE_NAME_PREFIX": prefix,
                "ROOT_KEY_PARAMETER": self._deployment.root_key_parameter,
                "SERVES_HTTP": str(self._deployment.http_function).lower(),
            },
            permissions=[
                *permissions.read_and_make_parameter(self._deployment.root_key_parameter),
                *permissions.read_and_write_table(data.table),
                *permissions.read_and_write_objects(data.artifacts),
                permissions.allow(orchestration.events_queue.queue_arn, actions=permissions.SEND),
                permissions.allow(
                    permissions.task_queue_arns(prefix),
                    actions=permissions.MAKE_QUEUES,
                ),
            ],
            timeout_seconds=29,
            memory_mb=1024,
            removal_policy=self._deployment.removal_policy,
        )
        ants = AntRole(
            self,
            "Ants",
            assumed_by=handle_api.role,
            queue_name_prefix=prefix,
            events_queue=orchestration.events_queue,
            bucket=data.artifacts,
        )
        handle_api.function.add_environment("FORMICARY_ANT_ROLE_ARN", ants.role.role_arn)
        handle_api.role.add_to_policy(
            permissions.allow(ants.role.role_arn, actions=("sts:AssumeRole",))
        )
        orchestration.watching.let_ring(handle_api.function, handle_api.role)
        accept_scoped_wildcards(handle_api.role)
        cdk.CfnOutput(self, "AntRoleArn", value=ants.role.role_arn)
        return handle_api
