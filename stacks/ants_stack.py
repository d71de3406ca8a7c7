"""Ants that run in the account of the control plane: off unless asked for, since they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from stacks.constructs.ant_network import AntNetwork
from stacks.constructs.ant_on_ec2 import AntOnEc2
from stacks.constructs.ant_on_ecs import AntOnEcs
from stacks.constructs.ant_token import AntToken

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.deployment import Deployment


class AntsStack(cdk.Stack):
    """A network and ants in it, on ECS or on EC2 (`formicary:ants`)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        api_url: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        ants = deployment.ants
        environment = {
            "FORMICARY_URL": api_url,
            "FORMICARY_ANT_METHODS": ants.methods,
            "FORMICARY_ANT_TAGS": ants.tags,
        }
        token = AntToken(self, "Token", name=deployment.ant_token_parameter)
        network = AntNetwork(self, "Network")
        if ants.where == "ecs":
            AntOnEcs(
                self,
                "Ecs",
                image=ants.image,
                environment=environment,
                token=token,
                network=network,
                count=ants.count,
                removal_policy=deployment.removal_policy,
            )
        else:
            AntOnEc2(
                self,
                "Ec2",
                environment=environment,
                token=token,
                network=network,
                count=ants.count,
            )
