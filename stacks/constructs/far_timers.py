"""Calls in the far future: a group of one-time schedules, and the role by which they call."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.constructs import permissions


class FarTimers(Construct):
    """One-time schedules live in a group of their own and may do what the role may, no more."""

    def __init__(self, scope: Construct, construct_id: str, *, group_name: str) -> None:
        super().__init__(scope, construct_id)
        self.group_name = group_name
        scheduler.CfnScheduleGroup(self, "Group", name=group_name)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.PrincipalWithConditions(
                iam.ServicePrincipal("scheduler.amazonaws.com"),
                {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            ),
        )

    def permissions_to_start(self) -> list[iam.PolicyStatement]:
        """What whoever starts timers needs: schedules of this group, with this role."""
        schedules = (
            f"arn:{cdk.Aws.PARTITION}:scheduler:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
            f":schedule/{self.group_name}/*"
        )
        to_scheduler: dict[str, object] = {"iam:PassedToService": "scheduler.amazonaws.com"}
        return [
            permissions.allow(schedules, actions=("scheduler:CreateSchedule",)),
            permissions.allow(
                self.role.role_arn, actions=("iam:PassRole",), StringEquals=to_scheduler
            ),
        ]
