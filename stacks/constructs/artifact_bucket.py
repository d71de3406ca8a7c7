"""The bucket of artifacts and logs: private, encrypted, TLS only; what users left there expires."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.nag import accept

TENANT_PREFIX = "t/"


class ArtifactBucket(Construct):
    """The S3 bucket; every key begins with `t/<tenant>/`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy,
        retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=removal_policy,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="AbortUnfinishedUploads",
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(2),
                ),
                s3.LifecycleRule(
                    id="ExpireArtifactsAndLogs",
                    prefix=TENANT_PREFIX,
                    expiration=cdk.Duration.days(retention_days),
                ),
            ],
        )
        accept(
            self.bucket,
            "AwsSolutions-S1",
            "Access logs would cost a second bucket and a record for each object; the table"
            " already records who made each artifact, and only presigned or session reads exist.",
        )
