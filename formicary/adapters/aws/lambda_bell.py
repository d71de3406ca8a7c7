"""The bell of watchers: a function that is started and not waited for."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from formicary.adapters.aws.error_mapping import aws_errors


class LambdaBell:
    """WatchBell on a function."""

    def __init__(self, client: Any, function_name: str) -> None:
        """Take a client of `lambda` (typed loosely: it is made late)."""
        self._client = client
        self._function_name = function_name

    @aws_errors()
    def ring(self, tenant: str, request_ids: Collection[str]) -> None:
        """Start the function; nothing is done for no run."""
        if request_ids:
            payload = {"tenant": tenant, "request_ids": sorted(request_ids)}
            self._client.invoke(
                FunctionName=self._function_name,
                InvocationType="Event",
                Payload=json.dumps(payload).encode(),
            )
