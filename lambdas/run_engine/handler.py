"""Entry of the engine: a batch of the events queue, or an ant's claim over HTTP."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.engine import build_engine
from formicary.entrypoints.gateway.answer import problem_answer
from formicary.entrypoints.gateway.log_line import request_fields
from formicary.service_layer.handle_event import Engine
from formicary.service_layer.problem import INTERNAL_PROBLEM
from lambdas.run_engine.answer_claim import answer_claim
from lambdas.run_engine.consume_batch import consume_batch
from lambdas.run_engine.settings import Settings

logger = Logger(service="run_engine")


@cache
def _engine() -> Engine:
    return build_engine(**Settings().model_dump())


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Apply events, or answer a claim; nothing is ever raised."""
    if "Records" in event:
        return _handle_batch(event["Records"], context)
    logger.info("claim", extra=request_fields(event, context))
    try:
        return answer_claim(_engine(), event, logger)
    except Exception:  # the last boundary: a gateway would show the caller what is raised here
        logger.exception("the claim failed")
        return problem_answer(INTERNAL_PROBLEM)


def _handle_batch(records: list[dict[str, Any]], context: Any) -> dict[str, Any]:
    request_id = getattr(context, "aws_request_id", None)
    logger.info("batch", extra={"records": len(records), "function_request_id": request_id})
    try:
        failed = consume_batch(_engine, records, context, logger)
    except Exception:  # the last boundary: what is raised here would cost a cold start
        logger.exception("the batch failed")
        failed = [record["messageId"] for record in records]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
