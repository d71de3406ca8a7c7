"""Entry of the notifier: how a job, or a task of it, ended."""

from collections import Counter
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.notifier import build_notifier
from formicary.domain.errors import FormicaryError
from formicary.domain.notification import Ending
from formicary.service_layer.send_notifications import Notifier
from lambdas.send_notifications.read_ending import read_ending
from lambdas.send_notifications.settings import Settings

logger = Logger(service="send_notifications")
# One call may take ten seconds, and what came of it is to be noted.
_RESERVE_MILLISECONDS = 15_000


@cache
def _notifier(function_arn: str) -> Notifier:
    return build_notifier(**Settings().model_dump(), function_arn=function_arn)


def handler(event: dict[str, Any], context: Any) -> None:
    """Tell an ending; what is raised is Lambda's to try again, then the dead-letter queue's."""
    ending = read_ending(event)
    tell(_notifier(context.invoked_function_arn), ending, context)


def tell(notifier: Notifier, ending: Ending, context: Any) -> None:
    """Tell an ending, or have it told later when something that is needed fails."""

    def has_time() -> bool:
        return int(context.get_remaining_time_in_millis()) > _RESERVE_MILLISECONDS

    fields = {"run": ending.job_request_id, "key": ending.key, "tries": ending.tries}
    try:
        told = notifier.tell(ending, has_time)
    except FormicaryError:
        logger.exception("an ending is told later", extra=fields)
        notifier.postpone(ending)
        return
    states = Counter(str(notification.state) for notification in told)
    logger.info("told", extra={**fields, "notifications": dict(states)})
    for notification in told:
        if notification.error:
            shown = {"channel": notification.channel, "recipient": notification.recipient}
            words = {"state": notification.state, "error": notification.error}
            logger.warning("somebody was not told", extra={**fields, **shown, **words})
