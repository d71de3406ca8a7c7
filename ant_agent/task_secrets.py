"""Which values must not leave the host with the output of a task."""

from collections.abc import Iterator
from typing import Any

from formicary.domain.task_request import TaskMessage


def secrets_of(message: TaskMessage) -> Iterator[str]:
    """Yield the secret values that a task was handed."""
    for item in message.request.variables.values():
        if item.secret:
            yield from _texts(item.value)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case None | bool():
            return
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list() | tuple():
            for part in value:
                yield from _texts(part)
        case _:
            yield str(value)
