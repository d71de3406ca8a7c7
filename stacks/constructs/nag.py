"""Exceptions from cdk-nag rules: each one names its finding and says why it is right here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_nag import NagPackSuppression, NagSuppressions, RegexAppliesTo

if TYPE_CHECKING:
    from constructs import IConstruct

# Every wildcard that a policy of ours may hold; any other is a finding and fails the synthesis.
_SCOPED_WILDCARDS = {
    r"/^Action::sqs:(SendMessage|DeleteMessage|ChangeMessageVisibility)\*$/": (
        "The same call for one message and for a batch; AWS has no other action of these names."
    ),
    r"/^Resource::arn:<AWS::Partition>:sqs:.*:formicary-[a-z0-9]+-\*$/": (
        "Task queues are made at run time, one a routing key; the prefix is this stage's alone."
    ),
    r"/^Resource::arn:<AWS::Partition>:sqs:.*:formicary-[a-z0-9]+-\*-messages-\*$/": (
        "Messaging queues are users' own; an ant's session has those of its tenant alone."
    ),
    r"/^Resource::arn:<AWS::Partition>:scheduler:.*:schedule\/Formicary\w+-\w+\/\*$/": (
        "Timers are made at run time; the schedule group is this stage's alone."
    ),
    r"/^Resource::arn:<AWS::Partition>:execute-api:.*\/ws\/\*\/@connections\/\*$/": (
        "Connections are made at run time; the API is this stage's alone."
    ),
    r"/^Resource::.*\/t\/\*$/": (
        "Objects are made at run time under t/<tenant>/; an ant's session has its tenant's alone."
    ),
}


def accept(
    construct: IConstruct, rule: str, reason: str, *, applies_to: list[str] | None = None
) -> None:
    """Accept a rule's finding, or only those named, on a construct and its children."""
    _suppress(construct, [NagPackSuppression(id=rule, reason=reason, applies_to=applies_to)])


def accept_scoped_wildcards(construct: IConstruct) -> None:
    """Accept the wildcards that are narrow by construction, and no other."""
    _suppress(
        construct,
        [
            NagPackSuppression(
                id="AwsSolutions-IAM5", reason=reason, applies_to=[RegexAppliesTo(regex=regex)]
            )
            for regex, reason in _SCOPED_WILDCARDS.items()
        ],
    )


def _suppress(construct: IConstruct, suppressions: list[NagPackSuppression]) -> None:
    NagSuppressions.add_resource_suppressions(construct, suppressions, apply_to_children=True)
