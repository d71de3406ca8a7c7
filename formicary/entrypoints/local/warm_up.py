"""Starts the functions before the first job needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formicary.entrypoints.local.deployment import STAGE

if TYPE_CHECKING:
    from formicary.entrypoints.local.embedded_aws import EmbeddedAws


def warm_up(aws: EmbeddedAws) -> None:
    """Call the engine with no messages: it has nothing to decide and is loaded afterwards."""
    functions = aws.client("lambda")
    for function in functions.get_paginator("list_functions").paginate().search("Functions[]"):
        if function["FunctionName"].startswith(f"FormicaryOrchestration-{STAGE}-EngineRunEngine"):
            functions.invoke(FunctionName=function["FunctionName"], Payload=b'{"Records": []}')
