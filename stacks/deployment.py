"""What differs between deployments, read from the CDK context and checked first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from stacks.ants_choice import AntsChoice
from stacks.constructs.uv_bundling import BUNDLE_TARGETS

if TYPE_CHECKING:
    from constructs import Node

_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_STAGE = re.compile(r"[a-z][a-z0-9]{0,11}")


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The choices of one deployment."""

    stage: str
    bundle_for: str
    engine_max_concurrency: int
    artifact_retention_days: int
    mail_from: str = ""
    base_url: str = ""
    private_webhooks: bool = False
    alarm_topic: str = ""
    http_function: bool = True
    http_function_concurrency: int = 0
    ants: AntsChoice = field(default_factory=AntsChoice)

    @classmethod
    def from_context(cls, node: Node) -> Deployment:
        """Read the choices from the `formicary:` keys of the CDK context."""
        return cls(
            stage=str(_context(node, "stage", "dev")),
            bundle_for=str(_context(node, "bundle-for", "lambda")),
            engine_max_concurrency=int(_context(node, "engine-max-concurrency", 50)),
            artifact_retention_days=int(_context(node, "artifact-retention-days", 90)),
            mail_from=str(_context(node, "mail-from", "")),
            base_url=str(_context(node, "base-url", "")),
            alarm_topic=str(_context(node, "alarm-topic", "")),
            http_function=_switch(node, "http-function", "on"),
            http_function_concurrency=int(_context(node, "http-function-concurrency", 0)),
            private_webhooks=str(_context(node, "private-webhooks", "false")).lower() == "true",
            ants=AntsChoice(
                where=str(_context(node, "ants", "")),
                count=int(_context(node, "ant-count", 1)),
                methods=str(_context(node, "ant-methods", "SHELL")),
                tags=str(_context(node, "ant-tags", "")),
                image=str(_context(node, "ant-image", "")),
            ),
        )

    def __post_init__(self) -> None:
        if not _STAGE.fullmatch(self.stage):
            # No dash: the queues of stage "a" must never match the wildcard of stage "a-b".
            raise ValueError(f"formicary:stage must match {_STAGE.pattern}, not {self.stage!r}")
        if self.bundle_for not in BUNDLE_TARGETS:
            raise ValueError(
                f"formicary:bundle-for must be one of {sorted(BUNDLE_TARGETS)},"
                f" not {self.bundle_for!r}"
            )
        if self.mail_from and not _ADDRESS.fullmatch(self.mail_from):
            raise ValueError(
                f"formicary:mail-from must be an address as name@example.org,"
                f" not {self.mail_from!r}"
            )
        if self.alarm_topic and not self.alarm_topic.startswith("arn:"):
            raise ValueError(
                f"formicary:alarm-topic must be the ARN of an SNS topic, not {self.alarm_topic!r}"
            )
        if self.http_function_concurrency < 0:
            raise ValueError(
                "formicary:http-function-concurrency must be a number of calls, or 0 for no limit,"
                f" not {self.http_function_concurrency}"
            )
        if self.base_url and not self.base_url.startswith(("https://", "http://")):
            raise ValueError(f"formicary:base-url must be a URL, not {self.base_url!r}")

    @property
    def is_production(self) -> bool:
        """Whether data must survive the removal of the stacks."""
        return self.stage == "prod"

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """What happens to stateful resources when their stack goes."""
        return cdk.RemovalPolicy.RETAIN if self.is_production else cdk.RemovalPolicy.DESTROY

    @property
    def root_key_parameter(self) -> str:
        """The name of the parameter that holds the root key of secrets."""
        return f"/formicary/{self.stage}/root-key-of-secrets"

    @property
    def ant_token_parameter(self) -> str:
        """The name of the parameter that holds the token of the deployment's own ants."""
        return f"/formicary/{self.stage}/ant-token"

    @property
    def queue_name_prefix(self) -> str:
        """How the name of every task queue begins; no other queue's name may begin so."""
        return f"formicary-{self.stage}"

    def stack_name(self, part: str) -> str:
        """Name a stack; generated names begin with it, so never with the queue prefix."""
        return f"Formicary{part}-{self.stage}"


def _switch(node: Node, key: str, default: str) -> bool:
    """Read a choice that is on or off."""
    words = {"on": True, "true": True, "off": False, "false": False}
    chosen = str(_context(node, key, default)).lower()
    if chosen not in words:
        raise ValueError(f"formicary:{key} must be on or off, not {chosen!r}")
    return words[chosen]


def _context(node: Node, key: str, default: object) -> Any:
    value = node.try_get_context(f"formicary:{key}")
    return default if value is None else value
