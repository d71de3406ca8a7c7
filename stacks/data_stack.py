"""The stateful resources: what is here outlives every function, so logical ids never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from stacks.constructs.artifact_bucket import ArtifactBucket
from stacks.constructs.formicary_table import FormicaryTable

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.deployment import Deployment


class DataStack(cdk.Stack):
    """The table and the artifact bucket."""

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, **kwargs: Any
    ) -> None:
        super().__init__(
            scope, construct_id, termination_protection=deployment.is_production, **kwargs
        )
        self.table = FormicaryTable(
            self,
            "Table",
            removal_policy=deployment.removal_policy,
            protected=deployment.is_production,
        ).table
        self.artifacts = ArtifactBucket(
            self,
            "Artifacts",
            removal_policy=deployment.removal_policy,
            retention_days=deployment.artifact_retention_days,
        ).bucket

        cdk.CfnOutput(self, "TableName", value=self.table.table_name)
        cdk.CfnOutput(self, "ArtifactBucketName", value=self.artifacts.bucket_name)
