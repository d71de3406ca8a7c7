"""Entry of the API function."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.api import build_api
from formicary.entrypoints.gateway.answer import problem_answer
from formicary.entrypoints.gateway.log_line import request_fields
from formicary.service_layer.problem import INTERNAL_PROBLEM
from lambdas.handle_api.rest_api import RestApi
from lambdas.handle_api.settings import Settings

logger = Logger(service="handle_api")


@cache
def _api() -> RestApi:
    return RestApi(build_api(**Settings().model_dump()), logger)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request; nothing is ever raised."""
    # Written before anything else: an emulator answers only after a function's first log line.
    logger.info("request", extra=request_fields(event, context))
    try:
        return _api().handle(event, context)
    except Exception:  # the last boundary: a gateway would show the caller what is raised here
        logger.exception("the request failed")
        return problem_answer(INTERNAL_PROBLEM)
