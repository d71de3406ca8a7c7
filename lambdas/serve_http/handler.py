"""Entry of the function of HTTP tasks: it is started with one that no ant serves."""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger
from pydantic import ValidationError

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.lambda_attempt_desk import LambdaAttemptDesk
from formicary.adapters.aws.sts_credential_broker import StsCredentialBroker
from formicary.bootstrap.later_client import later
from formicary.domain.task_request import MESSAGE_SCHEMA_VERSION, TaskMessage
from lambdas.serve_http.carry_out import carry_out
from lambdas.serve_http.settings import Settings

logger = Logger(service="serve_http")
# Lambda logs what libraries tell; this one tells every URL, and a secret may stand in one.
logging.getLogger("httpx").setLevel(logging.WARNING)
# The desk may have to start first, and to load what opens secrets.
_DESK_SECONDS = 25


@cache
def _settings() -> Settings:
    return Settings()


@cache
def _broker() -> tuple[str, StsCredentialBroker]:
    """The region, and what narrows the rights of the role to a task."""
    settings, sts = _settings(), AwsClients().sts
    broker = StsCredentialBroker(
        sts,
        role_arn=settings.task_role_arn,
        queue_name_prefix=settings.queue_name_prefix,
        events_queue_url=settings.events_queue_url,
        bucket=settings.artifact_bucket,
    )
    return sts.meta.region_name, broker


@cache
def _desk() -> LambdaAttemptDesk:
    clients = AwsClients(read_timeout_seconds=_DESK_SECONDS)
    return LambdaAttemptDesk(later(lambda: clients.functions), _settings().attempt_function)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Carry out a task; what keeps it from being reported is raised, and Lambda starts it again."""
    message = read_task(event)
    if message is None:
        return {"status": "refused"}
    region, broker = _broker()
    outcome = carry_out(
        message,
        _settings(),
        region=region,
        credentials=broker.task_credentials,
        desk=_desk(),
    )
    ended = {"task": message.task_key, "status": str(outcome.status())}
    logger.info(
        "task", extra={**ended, "tenant": message.tenant, "exit_code": outcome.result.exit_code}
    )
    return ended


def read_task(event: dict[str, Any]) -> TaskMessage | None:
    """Return the task that the function is started with; None when no try will understand it."""
    try:
        message = TaskMessage.model_validate(event)
    except ValidationError as error:
        # No trace and no input in the log: they may hold secrets.
        logger.error(  # noqa: TRY400 - as said
            "no task", extra={"faults": error.errors(include_input=False)}
        )
        return None
    if message.schema_version > MESSAGE_SCHEMA_VERSION:
        logger.error("a task for a newer function", extra={"schema": message.schema_version})
        return None
    return message
