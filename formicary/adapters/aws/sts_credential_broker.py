"""Credentials for ants from STS: the ant role, narrowed to one ant when they are made."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.tenants import checked_tenant
from formicary.domain.ant import AwsCredentials
from formicary.domain.errors import InvalidRequestError
from formicary.domain.messaging import messaging_queue_prefix
from formicary.domain.object_keys import ANT_PARTS, tenant_prefix
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

# The most that a role assumed by a role gets: https://docs.aws.amazon.com/IAM (role chaining).
_DURATION_SECONDS = 3600
_MAX_SESSION_NAME = 64
# What STS takes: https://docs.aws.amazon.com/STS (AssumeRole, Policy).
_MAX_POLICY = 2048
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
    def ant_credentials(
        self, tenant: str, ant_id: str, keys: Sequence[RoutingKey]
    ) -> AwsCredentials:
        """Return credentials for an hour, for these queues, the tenant's objects, nothing else."""
        return self._assume(ant_id, self.session_policy(tenant, keys))

    @aws_errors()
    def task_credentials(self, tenant: str, object_prefix: str) -> AwsCredentials:
        """Return credentials for one task: it reads its tenant's objects and writes its own."""
        if not object_prefix.startswith(f"{tenant_prefix(checked_tenant(tenant))}r/"):
            raise InvalidRequestError(f"The objects of a task do not lie at {object_prefix!r}.")
        statements = self._objects_and_events(tenant, [f"{object_prefix}*"])
        return self._assume("http-function", _policy_text(statements))

    def _assume(self, name: str, policy: str) -> AwsCredentials:
        answer = self._client.assume_role(
            RoleArn=self._role_arn,
            RoleSessionName=_session_name(name),
            Policy=policy,
            DurationSeconds=_DURATION_SECONDS,
        )["Credentials"]
        return AwsCredentials(
            access_key_id=answer["AccessKeyId"],
            secret_access_key=answer["SecretAccessKey"],
            session_token=answer["SessionToken"],
            expires_at=answer["Expiration"],
        )

    def session_policy(self, tenant: str, keys: Sequence[RoutingKey]) -> str:
        """Return what an ant may do, of what its role may, as narrow as STS has room for.

        Each queue by its name; when those are too many, all queues of the ant's methods; at last
        all queues of the tenant. An ant that carries out MESSAGING may also send to, and receive
        from, the queues that the tenant's tasks may name. The role holds them to this
        deployment's account and region.
        """
        prefix = f"{self._queue_name_prefix}-{checked_tenant(tenant)}"
        methods = sorted({key.method for key in keys})
        messages = TaskMethod.MESSAGING in methods
        attempts = (
            [f"{prefix}-*-{key.digest(tenant)}" for key in keys],
            [f"{prefix}-{method}-*" for method in methods],
            [f"{prefix}-*"],
        )
        for names in attempts:
            policy = _policy_text(self._statements(tenant, names, messages))
            if len(policy) <= _MAX_POLICY:
                break
        return policy

    def _statements(
        self, tenant: str, queue_names: list[str], messages: bool
    ) -> list[dict[str, Any]]:
        partition = self._partition
        written = [f"{tenant_prefix(tenant)}{part}/*" for part in ANT_PARTS]
        statements = self._objects_and_events(tenant, written)
        if messages:
            name = f"{messaging_queue_prefix(self._queue_name_prefix, tenant)}*"
            statements.append(_allow([f"arn:{partition}:sqs:*:*:{name}"], "sqs:SendMessage"))
            queue_names = [*queue_names, name]
        if queue_names:
            polls = _allow(
                [f"arn:{partition}:sqs:*:*:{name}" for name in queue_names],
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage*",
                "sqs:ChangeMessageVisibility*",
                "sqs:GetQueueUrl",
            )
            statements.append(polls)
        return statements

    @property
    def _partition(self) -> str:
        return self._role_arn.split(":", 2)[1]

    def _objects_and_events(self, tenant: str, written: list[str]) -> list[dict[str, Any]]:
        """Reports are sent, the tenant's objects read, and those at some keys written."""
        _, partition, _, _, account, _ = self._role_arn.split(":", 5)
        events = f"{self._client.meta.region_name}:{account}:{self._events_queue_name}"
        bucket = f"arn:{partition}:s3:::{self._bucket}"
        objects = tenant_prefix(tenant)
        return [
            _allow([f"arn:{partition}:sqs:{events}"], "sqs:SendMessage*"),
            _allow([f"{bucket}/{objects}*"], "s3:GetObject"),
            _allow(
                [f"{bucket}/{keys}" for keys in written],
                "s3:PutObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ),
            {
                **_allow([bucket], "s3:ListBucket"),
                "Condition": {"StringLike": {"s3:prefix": f"{objects}*"}},
            },
        ]


def _policy_text(statements: list[dict[str, Any]]) -> str:
    document = {"Version": "2012-10-17", "Statement": statements}
    return json.dumps(document, separators=(",", ":"))


def _allow(resources: list[str], *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def _session_name(ant_id: str) -> str:
    """Name the session after the ant, within 64 characters; CloudTrail shows it with every call."""
    name = "ant-" + _NOT_IN_A_SESSION_NAME.sub("_", ant_id)
    if len(name) <= _MAX_SESSION_NAME:
        return name
    digest = hashlib.sha256(ant_id.encode(errors="replace")).hexdigest()[:8]
    return f"{name[: _MAX_SESSION_NAME - 9]}-{digest}"
