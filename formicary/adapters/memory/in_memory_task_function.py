"""A function that keeps the tasks it was started with, until somebody carries them out."""

from collections.abc import Sequence

from formicary.adapters.message_limits import checked_start
from formicary.domain.task_request import TaskMessage


class InMemoryTaskFunction:
    """TaskFunction on a list."""

    def __init__(self) -> None:
        self._started: list[str] = []

    def start(self, message: TaskMessage) -> None:
        """Note the task."""
        self._started.append(checked_start(message.model_dump_json()))

    def taken(self) -> Sequence[TaskMessage]:
        """Return the tasks that it was started with since."""
        started, self._started = self._started, []
        return [TaskMessage.model_validate_json(body) for body in started]
