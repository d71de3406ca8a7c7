"""Ants as spot instances of an Auto Scaling group, each a systemd service of its host."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.ant_package import AntPackage
from stacks.constructs.nag import accept

if TYPE_CHECKING:
    from stacks.constructs.ant_network import AntNetwork
    from stacks.constructs.ant_token import AntToken

# An instance that its group gives up stays this long, so that the ant can end what runs.
_LEAVE_MINUTES = 15
_PYTHON = "python3.12"


class AntOnEc2(Construct):
    """A launch template and a group that keeps a number of hosts running."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: dict[str, str],
        token: AntToken,
        network: AntNetwork,
        count: int,
    ) -> None:
        super().__init__(scope, construct_id)
        package = AntPackage(self, "Package")
        self.role = iam.Role(
            self,
            "Role",
            description="A host of ants: reads its package and its token",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
        )
        self.role.add_to_policy(permissions.read_parameter(token.name))
        self.role.add_to_policy(
            permissions.allow(
                package.asset.bucket.arn_for_objects(package.asset.s3_object_key),
                actions=("s3:GetObject",),
            )
        )
        template = ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.SMALL),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(
                cpu_type=ec2.AmazonLinuxCpuType.ARM_64
            ),
            role=self.role,
            security_group=network.security_group,
            associate_public_ip_address=True,
            user_data=_user_data(package, token, environment),
            # Containers on the host are one hop further off: they get no credentials of the host.
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            spot_options=ec2.LaunchTemplateSpotOptions(request_type=ec2.SpotRequestType.ONE_TIME),
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        20, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=network.vpc,
            launch_template=template,
            min_capacity=0,
            max_capacity=max(count, 1),
            desired_capacity=count,
            update_policy=autoscaling.UpdatePolicy.rolling_update(),
        )
        # A host that starts before its role has rights finds no token.
        self.group.node.add_dependency(self.role)
        # The ant sees that its host is to leave (ant_agent/host_notices.py) and drains.
        self.group.add_lifecycle_hook(
            "Drain",
            lifecycle_transition=autoscaling.LifecycleTransition.INSTANCE_TERMINATING,
            heartbeat_timeout=cdk.Duration.minutes(_LEAVE_MINUTES),
            default_result=autoscaling.DefaultResult.CONTINUE,
        )
        accept(
            self.group,
            "AwsSolutions-AS3",
            "Lost ants are found by their leases; nobody needs to be told of a host.",
        )


def _user_data(package: AntPackage, token: AntToken, environment: dict[str, str]) -> ec2.UserData:
    """Install the package, write the variables, fetch the token and start the service."""
    asset = package.asset
    data = ec2.UserData.for_linux()
    data.add_commands(
        "set -euo pipefail",
        "umask 077",
        f"export AWS_DEFAULT_REGION={cdk.Aws.REGION}",
        f"dnf install --assumeyes --quiet {_PYTHON} {_PYTHON}-pip",
        "mkdir -p /tmp/formicary /etc/formicary",
        f"aws s3 cp --quiet s3://{asset.s3_bucket_name}/{asset.s3_object_key} /tmp/formicary.zip",
        f"{_PYTHON} -m zipfile -e /tmp/formicary.zip /tmp/formicary",
        "cd /tmp/formicary",
        "install -D -m 0644 formicary-ant.sysusers /etc/sysusers.d/formicary-ant.conf",
        "install -m 0644 formicary-ant.service formicary-ant-notices.service /etc/systemd/system",
        "systemd-sysusers",
        "umask 022",
        f"{_PYTHON} -m venv /opt/formicary",
        "/opt/formicary/bin/pip install --quiet --require-hashes -r requirements.txt",
        "/opt/formicary/bin/pip install --quiet --no-deps ./*.whl",
        "umask 077",
        *(
            f"echo {_line(name, value)} >> /etc/formicary/ant.env"
            for name, value in environment.items()
        ),
        f"TOKEN=$(aws ssm get-parameter --with-decryption --name {shlex.quote(token.name)}"
        " --query Parameter.Value --output text)",
        'echo "FORMICARY_TOKEN=$TOKEN" >> /etc/formicary/ant.env',
        "systemctl daemon-reload",
        "systemctl enable --now formicary-ant formicary-ant-notices",
    )
    return data


def _line(name: str, value: str) -> str:
    """One variable in quotes for the shell; the values were checked when they were read."""
    return f"'{name}={value}'"
