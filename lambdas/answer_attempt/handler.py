"""Entry of the desk of attempts: the function of HTTP tasks asks about the one that it has."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.attempt_desk import build_attempt_desk
from formicary.domain.ant import AttemptQuestion
from formicary.domain.errors import ForgedEventError
from formicary.ports import AttemptDesk
from lambdas.answer_attempt.settings import Settings

logger = Logger(service="answer_attempt")


@cache
def _desk() -> AttemptDesk:
    return build_attempt_desk(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one question; what fails is raised, and the caller asks again."""
    return answer(_desk(), event)


def answer(desk: AttemptDesk, event: dict[str, Any]) -> dict[str, Any]:
    """Return what the desk answers; the log says who asked for which secrets, and no value."""
    question = AttemptQuestion.model_validate(event)
    asked = {
        "tenant": question.tenant,
        "run": question.job_request_id,
        "task": question.task_type,
        "attempt": question.attempt,
        "secrets": question.names,
    }
    try:
        told = desk.ask(question)
    except ForgedEventError:
        logger.warning("a question without its proof", extra=asked)
        return {"forged": True}
    logger.info("asked", extra={**asked, "wanted": told.wanted, "refused": bool(told.refused)})
    return told.model_dump(mode="json")
