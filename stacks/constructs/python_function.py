"""One function: its runtime, role, log group and limits are decided here once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.nag import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNTIME = lambda_.Runtime.PYTHON_3_13


class PythonFunction(Construct):
    """A Lambda function of `lambdas/<name>/handler.py` with a role of its own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        code: lambda_.Code,
        environment: Mapping[str, str],
        permissions: list[iam.PolicyStatement],
        timeout_seconds: int,
        memory_mb: int,
        max_concurrency: int = 0,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=removal_policy,
        )
        self.role = self._build_role(log_group, permissions)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Formicary: {name.replace('_', ' ')}",
            runtime=_RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            code=code,
            handler=f"lambdas.{name}.handler.handler",
            role=self.role,
            environment={f"FORMICARY_{key}": value for key, value in environment.items()},
            timeout=cdk.Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            # It takes from what the account has; none is taken unless it is asked for.
            reserved_concurrent_executions=max_concurrency or None,
            log_group=log_group,
            # A job may well take more than the 16 hops from queue to function that AWS takes for
            # a loop; what bounds them is the engine's own business.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            logging_format=lambda_.LoggingFormat.JSON,
            # One line an invocation is ours; START, END and REPORT would triple what logs cost.
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
        )
        accept(
            self.function,
            "AwsSolutions-L1",
            "All move to a new Python together, once every locked package has a wheel for it.",
        )

    def _build_role(
        self, log_group: logs.LogGroup, permissions: list[iam.PolicyStatement]
    ) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            )
        )
        for statement in permissions:
            role.add_to_policy(statement)
        return role
