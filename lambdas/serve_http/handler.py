"""Entry of the function of HTTP tasks: it is started with one that no ant serves."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger
from pydantic import ValidationError

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.sts_credential_broker import StsCredentialBroker
from formicary.domain.task_request import MESSAGE_SCHEMA_VERSION, TaskMessage
from lambdas.serve_http.carry_out import carry_out
from lambdas.serve_http.settings import Settings

logger = Logger(service="serve_http")


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


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Carry out a task; what keeps it from being reported is raised, and Lambda starts it again."""
    message = read_task(event)
    if message is None:
        return {"status": "refused"}
    region, broker = _broker()
    outcome = carry_out(message, _settings(), region=region, credentials=broker.task_credentials)
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
