"""Credentials for ants from STS: the ant role, narrowed to one tenant when they are made."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.tenants import checked_tenant
from formicary.domain.ant import AwsCredentials

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

# The most that a role assumed by a role gets: https://docs.aws.amazon.com/IAM (role chaining).
_DURATION_SECONDS = 3600
_MAX_SESSION_NAME = 64
_NOT_IN_A_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)


class StsCredentialBroker:
    """CredentialBroker by AssumeRole; all resources are in the ant role's account."""

    def __init__(
        self,
        client: STSClient,
        *,
        role_arn: str,
        queue_name_prefix: str,
        events_queue_url: str,
        bucket: str,
    ) -> None:
        self._client = client
        self._role_arn = role_arn
        self._queue_name_prefix = queue_name_prefix
        self._events_queue_name = urlsplit(events_queue_url).path.rsplit("/", 1)[-1]
        self._bucket = bucket

    @aws_errors()
    def ant_credentials(self, tenant: str, ant_id: str) -> AwsCredentials:
        """Return credentials for one hour, for the tenant's queues and objects and nothing else."""
        answer = self._client.assume_role(
            RoleArn=self._role_arn,
            RoleSessionName=_session_name(ant_id),
            Policy=json.dumps(self.session_policy(tenant), separators=(",", ":")),
            DurationSeconds=_DURATION_SECONDS,
        )["Credentials"]
        return AwsCredentials(
            access_key_id=answer["AccessKeyId"],
            secret_access_key=answer["SecretAccessKey"],
            session_token=answer["SessionToken"],
            expires_at=answer["Expiration"],
        )

    def session_policy(self, tenant: str) -> dict[str, Any]:
        """Return what the ants of a tenant may do, of what their role may."""
        _, partition, _, _, account, _ = self._role_arn.split(":", 5)
        queues = f"arn:{partition}:sqs:{self._client.meta.region_name}:{account}"
        bucket = f"arn:{partition}:s3:::{self._bucket}"
        objects = f"t/{checked_tenant(tenant)}/*"
        return {
            "Version": "2012-10-17",
            "Statement": [
                _allow(
                    f"{queues}:{self._queue_name_prefix}-{tenant}-*",
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage*",
                    "sqs:ChangeMessageVisibility*",
                    "sqs:GetQueueUrl",
                ),
                _allow(f"{queues}:{self._events_queue_name}", "sqs:SendMessage*"),
                _allow(
                    f"{bucket}/{objects}",
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ),
                {
                    **_allow(bucket, "s3:ListBucket"),
                    "Condition": {"StringLike": {"s3:prefix": objects}},
                },
            ],
        }


def _allow(resource: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _session_name(ant_id: str) -> str:
    """Name the session after the ant, within 64 characters; CloudTrail shows it with every call."""
    name = "ant-" + _NOT_IN_A_SESSION_NAME.sub("_", ant_id)
    if len(name) <= _MAX_SESSION_NAME:
        return name
    digest = hashlib.sha256(ant_id.encode(errors="replace")).hexdigest()[:8]
    return f"{name[: _MAX_SESSION_NAME - 9]}-{digest}"
