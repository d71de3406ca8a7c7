"""LaterEndings on AWS: one-time schedules that call the function again, a queue for the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formicary.adapters.aws.error_mapping import aws_errors

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_sqs import SQSClient

    from formicary.adapters.aws.scheduler_timers import SchedulerTimers
    from formicary.domain.notification import Ending


class AwsLaterEndings:
    """Nothing polls for what is to be told again, so that idling costs nothing."""

    def __init__(self, timers: SchedulerTimers, sqs: SQSClient, dead_letters_url: str) -> None:
        self._timers = timers
        self._sqs = sqs
        self._url = dead_letters_url

    def tell_again(self, ending: Ending, moment: datetime) -> None:
        """Have the function called with the ending at a moment."""
        name = f"{ending.tenant}:{ending.job_request_id}:{ending.key}:{ending.tries}"
        self._timers.start(name, moment, ending.model_dump_json())

    @aws_errors()
    def give_up(self, ending: Ending) -> None:
        """Lay the ending into the dead-letter queue."""
        self._sqs.send_message(QueueUrl=self._url, MessageBody=ending.model_dump_json())
