"""Ants as a service of ECS on Fargate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.nag import accept

if TYPE_CHECKING:
    from stacks.constructs.ant_network import AntNetwork
    from stacks.constructs.ant_token import AntToken

# What Fargate allows at most between SIGTERM and SIGKILL.
_STOP_SECONDS = 120
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<name>[^:@]+)(?:[:@](?P<tag>[^@]+))?"
)


class AntOnEcs(Construct):
    """A service that keeps a number of ants running.

    Its task role may do nothing: ants get their rights by their token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        image: str,
        environment: dict[str, str],
        token: AntToken,
        network: AntNetwork,
        count: int,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.TWO_WEEKS,
            removal_policy=removal_policy,
        )
        execution_role = _role(self, "ExecutionRole", "Starts ants: image, token, log")
        self.task_definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=512,
            memory_limit_mib=1024,
            task_role=_role(self, "TaskRole", "What tasks of ants may do in AWS: nothing"),
            execution_role=execution_role,
        )
        self.task_definition.add_container(
            "Ant",
            image=self._image(image),
            environment=environment,
            secrets={"FORMICARY_TOKEN": ecs.Secret.from_ssm_parameter(token.parameter)},
            logging=ecs.LogDrivers.aws_logs(stream_prefix="ant", log_group=log_group),
            stop_timeout=cdk.Duration.seconds(_STOP_SECONDS),
        )
        cluster = ecs.Cluster(
            self, "Cluster", vpc=network.vpc, enable_fargate_capacity_providers=True
        )
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=self.task_definition,
            desired_count=count,
            assign_public_ip=True,
            security_groups=[network.security_group],
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=1)
            ],
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            min_healthy_percent=100,
        )
        self.service.node.add_dependency(execution_role)
        self._accept(cluster, execution_role)

    def _image(self, name: str) -> ecs.ContainerImage:
        """An image of ECR with the right to pull it, or one that everybody may pull."""
        found = _ECR.fullmatch(name)
        if found is None:
            return ecs.ContainerImage.from_registry(name)
        repository = ecr.Repository.from_repository_attributes(
            self,
            "Repository",
            repository_name=found["name"],
            repository_arn=(
                f"arn:{cdk.Aws.PARTITION}:ecr:{found['region']}:{found['account']}"
                f":repository/{found['name']}"
            ),
        )
        return ecs.ContainerImage.from_ecr_repository(repository, tag=found["tag"] or "latest")

    def _accept(self, cluster: ecs.Cluster, execution_role: iam.Role) -> None:
        accept(
            self.task_definition,
            "AwsSolutions-ECS2",
            "The variables are names and numbers; the token is a secret.",
        )
        accept(
            execution_role,
            "AwsSolutions-IAM5",
            "ecr:GetAuthorizationToken knows no resource; everything else names its own.",
            applies_to=["Resource::*"],
        )
        accept(
            cluster,
            "AwsSolutions-ECS4",
            "Container Insights bills each metric; ants report their health to the control plane.",
        )


def _role(scope: Construct, construct_id: str, description: str) -> iam.Role:
    return iam.Role(
        scope,
        construct_id,
        description=description,
        assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
    )
