"""The desk of attempts: a function that is called and waited for."""

from __future__ import annotations

import json
from typing import Any

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.ant import AttemptAnswer, AttemptQuestion
from formicary.domain.errors import ForgedEventError, UnavailableError


class LambdaAttemptDesk:
    """AttemptDesk on a function; what it answers is kept nowhere on the way."""

    def __init__(self, client: Any, function_name: str) -> None:
        """Take a client of `lambda` (typed loosely: it is made late)."""
        self._client = client
        self._function_name = function_name

    @aws_errors()
    def ask(self, question: AttemptQuestion) -> AttemptAnswer:
        """Return what the function answers; UnavailableError when it failed."""
        answer = self._client.invoke(
            FunctionName=self._function_name,
            InvocationType="RequestResponse",
            Payload=question.model_dump_json().encode(),
        )
        body = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise UnavailableError("The function that answers about attempts has failed.")
        told = json.loads(body)
        if told.get("forged"):
            raise ForgedEventError
        return AttemptAnswer.model_validate(told)
