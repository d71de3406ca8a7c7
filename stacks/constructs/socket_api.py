"""The websocket API: browsers and other clients that work as ants without credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.nag import accept, accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment

STAGE = "ws"
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "event": "$context.eventType",
    "connection": "$context.connectionId",
    "status": "$context.status",
    "tenant": "$context.authorizer.tenant",
    "user": "$context.authorizer.user",
}


class SocketApi(Construct):
    """One function serves connections, messages and their ends; a token opens a connection."""

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
        self._deployment = deployment
        self.api = apigatewayv2.WebSocketApi(
            self, "Api", route_selection_expression="$request.body.action"
        )
        self._build_stage()
        authorizer = self._build_authorizer(data, code)
        self.server = server = self._build_server(data, events, code)
        integration = WebSocketLambdaIntegration("ServeSocket", server.function)
        self.api.add_route(
            "$connect",
            integration=integration,
            authorizer=WebSocketLambdaAuthorizer(
                "Authorizer",
                authorizer.function,
                identity_source=["route.request.querystring.token"],
            ),
        )
        for name in ("$default", "$disconnect"):
            route = self.api.add_route(name, integration=integration)
            accept(
                route,
                "AwsSolutions-APIG4",
                "Only a connection that its token has opened can use it.",
            )

    @property
    def environment(self) -> dict[str, str]:
        """What a function must know that pushes over the connections."""
        return {"SOCKET_API_ID": self.api.api_id, "SOCKET_STAGE": STAGE}

    def manage(self) -> iam.PolicyStatement:
        """The right to push over the connections of this API."""
        return permissions.allow(
            cdk.Stack.of(self).format_arn(
                service="execute-api",
                resource=self.api.api_id,
                resource_name=f"{STAGE}/*/@connections/*",
            ),
            actions=("execute-api:ManageConnections",),
        )

    def _build_authorizer(self, data: DataStack, code: lambda_.Code) -> PythonFunction:
        return PythonFunction(
            self,
            "AuthorizeSocket",
            name="authorize_socket",
            code=code,
            environment={"TABLE_NAME": data.table.table_name},
            permissions=[permissions.read_tokens(data.table)],
            timeout_seconds=10,
            memory_mb=512,
            removal_policy=self._deployment.removal_policy,
        )

    def _build_server(
        self, data: DataStack, events: sqs.Queue, code: lambda_.Code
    ) -> PythonFunction:
        server = PythonFunction(
            self,
            "ServeSocket",
            name="serve_socket",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "EVENTS_QUEUE_URL": events.queue_url,
                **self.environment,
            },
            permissions=[
                *permissions.read_and_write_table(data.table),
                permissions.allow(events.queue_arn, actions=permissions.SEND),
                self.manage(),
            ],
            timeout_seconds=20,
            memory_mb=512,
            removal_policy=self._deployment.removal_policy,
        )
        accept_scoped_wildcards(server.role)
        return server

    def _build_stage(self) -> None:
        log_group = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=self._deployment.removal_policy,
        )
        stage = apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name=STAGE,
            auto_deploy=True,
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=500, throttling_burst_limit=1000
            ),
            access_log_settings=apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
        )
        stage.node.add_dependency(self.api)
