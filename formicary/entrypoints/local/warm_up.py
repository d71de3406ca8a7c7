"""Starts the functions before the first job needs them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from formicary.entrypoints.local.deployment import STAGE

if TYPE_CHECKING:
    from formicary.entrypoints.local.control_plane import ControlPlane
    from formicary.entrypoints.local.embedded_aws import EmbeddedAws


_ENGINE = f"FormicaryOrchestration-{STAGE}-EngineRunEngine"


def warm_up(aws: EmbeddedAws, control_plane: ControlPlane) -> None:
    """Return when the API answers; the authorizer and the engines start at the same time."""
    with ThreadPoolExecutor() as pool:
        healthy = pool.submit(control_plane.wait_healthy)
        pool.submit(control_plane.count_ants)  # passes the authorizer
        # Two at once, so that a second event finds an engine too.
        for _ in range(2):
            pool.submit(_call_engine, aws)
        healthy.result()


def _call_engine(aws: EmbeddedAws) -> None:
    # With no messages it has nothing to decide, and is loaded afterwards.
    functions = aws.client("lambda")
    for function in functions.get_paginator("list_functions").paginate().search("Functions[]"):
        if function["FunctionName"].startswith(_ENGINE):
            functions.invoke(FunctionName=function["FunctionName"], Payload=b'{"Records": []}')
