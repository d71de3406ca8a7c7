"""An ant asks whether it may run a task message that was delivered before."""

import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger
from pydantic import ValidationError

from formicary.domain.ant import ClaimRequest
from formicary.domain.errors import FormicaryError, NotFoundError
from formicary.entrypoints.gateway.answer import json_answer, problem_answer
from formicary.entrypoints.gateway.incoming import read_incoming
from formicary.service_layer.caller import admit
from formicary.service_layer.handle_event import Engine
from formicary.service_layer.problem import problem_of, problem_of_validation

_PATH = re.compile(r"/api/ants/([^/]+)/claims")


def answer_claim(engine: Engine, event: Mapping[str, Any], logger: Logger) -> dict[str, Any]:
    """Return the engine's answer, or what is wrong with the claim."""
    try:
        incoming = read_incoming(event)
        caller = admit(event, incoming.method, incoming.path)
        path = _PATH.fullmatch(incoming.path)
        if path is None:
            raise NotFoundError("The engine answers claims alone.")
        claim = ClaimRequest.model_validate_json(incoming.body)
        answer = engine.claim(caller.tenant, path[1], claim)
    except ValidationError as error:
        return problem_answer(problem_of_validation(error.errors(include_url=False)))
    except FormicaryError as error:
        if error.status >= 500:
            logger.exception("a claim failed")
        else:
            logger.warning("a claim was refused", extra={"status": error.status})
        return problem_answer(problem_of(error))
    return json_answer(200, answer.model_dump_json())
