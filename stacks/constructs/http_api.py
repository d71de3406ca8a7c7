"""The HTTP API: bearer tokens are checked before any function but the authorizer runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpLambdaAuthorizer, HttpLambdaResponseType
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from stacks.constructs.nag import accept

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

# Paths that say nothing about anybody's jobs: probes and API clients come without a token.
OPEN_PATHS = ("/api/health", "/api/openapi.json", "/api/schema/job.json")
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "ms": "$context.responseLatency",
    "tenant": "$context.authorizer.tenant",
    "user": "$context.authorizer.user",
}


class HttpApi(Construct):
    """One catch-all route to the API function; other functions take single routes out of it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api_function: lambda_.Function,
        authorizer_function: lambda_.Function,
        removal_policy: cdk.RemovalPolicy,
        requests_per_second: int = 500,
        burst: int = 1000,
    ) -> None:
        super().__init__(scope, construct_id)
        self._authorizer = HttpLambdaAuthorizer(
            "Authorizer",
            authorizer_function,
            response_types=[HttpLambdaResponseType.SIMPLE],
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=cdk.Duration.minutes(5),
        )
        self.api = apigatewayv2.HttpApi(self, "Api", create_default_stage=False)
        self._build_stage(removal_policy, requests_per_second, burst)
        integration = HttpLambdaIntegration("HandleApi", api_function)
        self.api.add_routes(
            path="/api/{proxy+}",
            methods=[apigatewayv2.HttpMethod.ANY],
            integration=integration,
            authorizer=self._authorizer,
        )
        for path in OPEN_PATHS:
            self._add_open_route(path, integration)

    def route(self, method: apigatewayv2.HttpMethod, path: str, function: lambda_.Function) -> None:
        """Give one route, behind the same authorizer, to another function."""
        self.api.add_routes(
            path=path,
            methods=[method],
            integration=HttpLambdaIntegration(f"{method.name}{path}", function),
            authorizer=self._authorizer,
        )

    def _add_open_route(self, path: str, integration: HttpLambdaIntegration) -> None:
        routes = self.api.add_routes(
            path=path,
            methods=[apigatewayv2.HttpMethod.GET],
            integration=integration,
            authorizer=apigatewayv2.HttpNoneAuthorizer(),
        )
        for route in routes:
            accept(
                route,
                "AwsSolutions-APIG4",
                "Health and the API's description are public: they name no tenant and no job.",
            )

    def _build_stage(
        self, removal_policy: cdk.RemovalPolicy, requests_per_second: int, burst: int
    ) -> None:
        log_group = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=removal_policy,
        )
        stage = apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=requests_per_second, throttling_burst_limit=burst
            ),
            access_log_settings=apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
        )
        stage.node.add_dependency(self.api)
