"""The role of ants: the most that any may do; each session is narrowed when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.nag import accept_scoped_wildcards

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sqs as sqs


class AntRole(Construct):
    """The IAM role that the API assumes for an ant: queues and tenants' objects."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        assumed_by: iam.IRole,
        queue_name_prefix: str,
        events_queue: sqs.Queue,
        bucket: s3.Bucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="What an ant may do at most",
            assumed_by=iam.ArnPrincipal(assumed_by.role_arn),
        )
        for statement in (
            permissions.allow(
                permissions.task_queue_arns(queue_name_prefix),
                actions=(*permissions.CONSUME, "sqs:GetQueueUrl"),
            ),
            permissions.allow(events_queue.queue_arn, actions=permissions.SEND),
            permissions.allow(
                permissions.messaging_queue_arns(queue_name_prefix), actions=("sqs:SendMessage",)
            ),
            *permissions.read_and_write_objects(bucket),
        ):
            self.role.add_to_policy(statement)
        accept_scoped_wildcards(self.role)
