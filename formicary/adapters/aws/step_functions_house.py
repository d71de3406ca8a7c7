"""Housekeeping as a state machine of Step Functions."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped] # it has no types

from formicary.adapters.aws.error_mapping import aws_errors

_THERE_ALREADY = "ExecutionAlreadyExists"


class StepFunctionsHouse:
    """HouseService on one state machine; its executions keep their names for 90 days."""

    def __init__(self, client: Any, machine_arn: str) -> None:
        self._client = client
        self._machine_arn = machine_arn

    @aws_errors()
    def start(self, tenant: str, name: str) -> None:
        """Begin with the housekeeping of a tenant, once a name."""
        try:
            self._client.start_execution(
                stateMachineArn=self._machine_arn,
                name=hashlib.sha256(f"{tenant}:{name}".encode()).hexdigest(),
                input=json.dumps({"tenant": tenant}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _THERE_ALREADY:
                raise
