"""The one table: keys begin with the tenant, a sparse index for lists, a stream for watchers."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct


class FormicaryTable(Construct):
    """The DynamoDB table, on demand: no request, no cost."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy,
        protected: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing=dynamodb.Billing.on_demand(),
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute="ttl",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=protected
            ),
            deletion_protection=protected,
            removal_policy=removal_policy,
        )
        self.table.add_global_secondary_index(
            index_name="gsi1",
            partition_key=_text("gsi1pk"),
            sort_key=_text("gsi1sk"),
            # Lists show the summary alone: a progress mark in the head costs the index nothing.
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=["summary"],
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
