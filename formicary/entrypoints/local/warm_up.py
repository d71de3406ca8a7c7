"""Starts the engines before the first job needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formicary.entrypoints.local.deployment import STAGE

if TYPE_CHECKING:
    from formicary.entrypoints.local.embedded_aws import EmbeddedAws


_ENGINE = f"FormicaryOrchestration-{STAGE}-EngineRunEngine"
_AT_ONCE = 2


def start_engines(aws: EmbeddedAws) -> None:
    """Have engines loaded in the background, two of them so that a second event finds one too."""
    functions = aws.client("lambda")
    for function in functions.get_paginator("list_functions").paginate().search("Functions[]"):
        if function["FunctionName"].startswith(_ENGINE):
            for _ in range(_AT_ONCE):
                # With no messages it has nothing to decide, and is loaded afterwards.
                functions.invoke(
                    FunctionName=function["FunctionName"],
                    InvocationType="Event",
                    Payload=b'{"Records": []}',
                )
