"""The function that carries out tasks: it is started with one, and not waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.message_limits import checked_start

if TYPE_CHECKING:
    from formicary.domain.task_request import TaskMessage


class LambdaTaskFunction:
    """TaskFunction on Lambda, which keeps the task until the function has taken it."""

    def __init__(self, client: Any, function_name: str) -> None:
        """Take a client of `lambda` (typed loosely: it is made late)."""
        self._client = client
        self._function_name = function_name

    @aws_errors()
    def start(self, message: TaskMessage) -> None:
        """Start the function with a task."""
        self._client.invoke(
            FunctionName=self._function_name,
            InvocationType="Event",
            Payload=checked_start(message.model_dump_json()).encode(),
        )
