"""Timers for the far future: one-time schedules of EventBridge Scheduler that call a target.

A schedule fires within a minute of its time, so that of the engine is set for some minutes before:
it finds its event early and has SQS delay it for the rest, to the second.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError  # type: ignore[import-untyped] # it has no types

from formicary.adapters.aws.error_mapping import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

EARLY = timedelta(minutes=2)
_THERE_ALREADY = "ConflictException"


class SchedulerTimers:
    """Starts timers in one schedule group; a schedule that has fired deletes itself."""

    def __init__(
        self,
        client: EventBridgeSchedulerClient,
        *,
        group_name: str,
        role_arn: str,
        target_arn: str,
        early: timedelta = EARLY,
    ) -> None:
        self._client = client
        self._group = group_name
        self._role_arn = role_arn
        self._target_arn = target_arn
        self._early = early

    @aws_errors()
    def start(self, name: str, moment: datetime, body: str) -> None:
        """Have a body sent to the target a little before a moment, once a name."""
        at = (moment - self._early).astimezone(UTC)
        try:
            self._client.create_schedule(
                Name=hashlib.sha256(name.encode()).hexdigest(),
                GroupName=self._group,
                ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={"Arn": self._target_arn, "RoleArn": self._role_arn, "Input": body},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _THERE_ALREADY:
                raise
