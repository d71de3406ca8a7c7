"""IAM statements in the words of the product; each names its resources, none says `*` alone.

The `SendMessage*` forms cover the batch calls under the action names of AWS and of emulators alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks.constructs.artifact_bucket import TENANT_PREFIX

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_s3 as s3

SEND = ("sqs:SendMessage*",)
MAKE_QUEUES = ("sqs:CreateQueue", "sqs:TagQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl")
CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage*", "sqs:ChangeMessageVisibility*")


def allow(
    *resources: str, actions: tuple[str, ...], **conditions: dict[str, object]
) -> iam.PolicyStatement:
    """Allow actions on resources; conditions as `StringLike={key: value}`."""
    return iam.PolicyStatement(
        actions=list(actions), resources=list(resources), conditions=conditions or None
    )


def task_queue_arns(prefix: str) -> str:
    """The ARN pattern of the task queues whose names begin with the prefix."""
    return f"arn:{cdk.Aws.PARTITION}:sqs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{prefix}-*"


def messaging_queue_arns(prefix: str) -> str:
    """The ARN pattern of the queues that MESSAGING tasks name (`formicary/domain/messaging.py`)."""
    return task_queue_arns(f"{prefix}-*-messages")


def read_and_make_parameter(name: str) -> list[iam.PolicyStatement]:
    """One encrypted parameter, which nobody overwrites; the account's own key seals it."""
    overwriting: dict[str, object] = {"ssm:Overwrite": "true"}
    return [
        read_parameter(name),
        allow(_parameter(name), actions=("ssm:PutParameter",), StringNotEquals=overwriting),
    ]


def read_parameter(name: str) -> iam.PolicyStatement:
    """One encrypted parameter."""
    return allow(_parameter(name), actions=("ssm:GetParameter",))


def _parameter(name: str) -> str:
    place = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:parameter{name}"
    return f"arn:{cdk.Aws.PARTITION}:ssm:{place}"


def send_mail_from(address: str) -> iam.PolicyStatement:
    """Mail from one address, whether SES knows the address itself or its domain."""
    place = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:identity"
    names = (address, address.rpartition("@")[2])
    arns = [f"arn:{cdk.Aws.PARTITION}:ses:{place}/{name}" for name in names]
    from_address: dict[str, object] = {"ses:FromAddress": address}
    return allow(*arns, actions=("ses:SendEmail",), StringEquals=from_address)


def read_and_note(table: dynamodb.TableV2) -> list[iam.PolicyStatement]:
    """Items of the table by key and query, and notes beside them; nothing is removed."""
    actions = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
    return [
        allow(table.table_arn, actions=actions),
        allow(f"{table.table_arn}/index/gsi1", actions=("dynamodb:Query",)),
    ]


def read_tokens(table: dynamodb.TableV2) -> iam.PolicyStatement:
    """Items about tokens, one by one: who checks them needs nothing of any tenant."""
    only_tokens: dict[str, object] = {"dynamodb:LeadingKeys": ["TOKEN#*"]}
    return allow(
        table.table_arn,
        actions=("dynamodb:GetItem",),
        **{"ForAllValues:StringLike": only_tokens},
    )


def read_and_write_table(table: dynamodb.TableV2) -> list[iam.PolicyStatement]:
    """Items of the table one by one, in transactions and by query; no scan, no table changes."""
    reads = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
    writes = (
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    )
    return [
        allow(table.table_arn, actions=reads + writes),
        allow(f"{table.table_arn}/index/gsi1", actions=("dynamodb:Query",)),
    ]


def read_table(table: dynamodb.TableV2) -> iam.PolicyStatement:
    """Items of the table by key and by query of a partition."""
    return allow(table.table_arn, actions=("dynamodb:GetItem", "dynamodb:Query"))


_WATCHERS: dict[str, object] = {"dynamodb:LeadingKeys": ["T#*#WATCHERS"]}


def list_watchers(table: dynamodb.TableV2) -> iam.PolicyStatement:
    """Who watches runs, and nothing else of any tenant."""
    return allow(
        table.table_arn,
        actions=("dynamodb:Query",),
        **{"ForAllValues:StringLike": _WATCHERS},
    )


def write_watchers(table: dynamodb.TableV2) -> iam.PolicyStatement:
    """Who watches runs: changed and removed."""
    return allow(
        table.table_arn,
        actions=("dynamodb:DeleteItem", "dynamodb:PutItem"),
        **{"ForAllValues:StringLike": _WATCHERS},
    )


def note_told_ends(table: dynamodb.TableV2) -> iam.PolicyStatement:
    """Notes of which ends the event bus was told of, and no other item."""
    only_ends: dict[str, object] = {"dynamodb:LeadingKeys": ["T#*#ENDS"]}
    return allow(
        table.table_arn,
        actions=("dynamodb:BatchWriteItem",),
        **{"ForAllValues:StringLike": only_ends},
    )


def read_objects(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    """Objects of tenants: get and list."""
    return [
        allow(bucket.arn_for_objects(f"{TENANT_PREFIX}*"), actions=("s3:GetObject",)),
        allow(
            bucket.bucket_arn,
            actions=("s3:ListBucket",),
            StringLike={"s3:prefix": f"{TENANT_PREFIX}*"},
        ),
    ]


def read_and_write_objects(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    """Objects of tenants: get, put, list; who may do this may delete none."""
    objects = (
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    )
    return [
        allow(bucket.arn_for_objects(f"{TENANT_PREFIX}*"), actions=objects),
        allow(
            bucket.bucket_arn,
            actions=("s3:ListBucket",),
            StringLike={"s3:prefix": f"{TENANT_PREFIX}*"},
        ),
    ]


def read_and_remove_items(table: dynamodb.TableV2) -> list[iam.PolicyStatement]:
    """Items by key and query, and their removal; notes of it, and what schedules make, are put."""
    actions = (
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
    )
    return [
        allow(table.table_arn, actions=actions),
        allow(f"{table.table_arn}/index/gsi1", actions=("dynamodb:Query",)),
    ]


def count_free_slots(table: dynamodb.TableV2) -> iam.PolicyStatement:
    """The count of a gate, and no other item of the table."""
    only_gates: dict[str, object] = {"dynamodb:LeadingKeys": ["T#*#G#*"]}
    return allow(
        table.table_arn,
        actions=("dynamodb:UpdateItem",),
        **{"ForAllValues:StringLike": only_gates},
    )


def remove_objects(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    """Objects of tenants: list and remove; none is read."""
    return [
        allow(bucket.arn_for_objects(f"{TENANT_PREFIX}*"), actions=("s3:DeleteObject",)),
        allow(
            bucket.bucket_arn,
            actions=("s3:ListBucket",),
            StringLike={"s3:prefix": f"{TENANT_PREFIX}*"},
        ),
    ]
