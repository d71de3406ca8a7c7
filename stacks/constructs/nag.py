"""Exceptions from cdk-nag rules: each one names its finding and says why it is right here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_nag import NagPackSuppression, NagSuppressions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct


def accept(
    construct: IConstruct, rule: str, reason: str, *, findings: Sequence[str] = ()
) -> None:
    """Accept a rule's finding on a construct and its children, or only the given findings."""
    NagSuppressions.add_resource_suppressions(
        construct,
        [NagPackSuppression(id=rule, reason=reason, applies_to=list(findings) or None)],
        apply_to_children=True,
    )
