"""A network of the ants' own: ways out, none in."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.constructs.nag import accept


class AntNetwork(Construct):
    """Public subnets in two zones without a NAT gateway, which would cost more than the ants."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            # Emptying it takes a function of the CDK's own; nothing uses it.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Ants", subnet_type=ec2.SubnetType.PUBLIC)
            ],
        )
        accept(
            self.vpc,
            "AwsSolutions-VPC7",
            "Nothing listens here; flow logs would cost more than they tell of calls to AWS.",
        )
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self.vpc,
            description="Ants: outbound only",
            allow_all_outbound=True,
        )
