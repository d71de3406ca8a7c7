"""Timers for the far future: a schedule group, and the role by which its schedules send events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.constructs import permissions

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs


class FarTimers(Construct):
    """One-time schedules live in a group of their own and may send to one queue, nothing else."""

    def __init__(
        self, scope: Construct, construct_id: str, *, queue: sqs.Queue, group_name: str
    ) -> None:
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
        self.role.add_to_policy(permissions.allow(queue.queue_arn, actions=("sqs:SendMessage",)))

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
