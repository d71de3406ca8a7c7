"""What stands for a secret between its template and the ant that fills it in.

A placeholder is a keyed hash that nobody can guess who has not the key of the run, made of signs
that no quoting changes. It says nothing of the value, so it may lie in a queue.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from formicary.domain.task_definition import TaskDefinition

_MARK = "FORMICARYSECRET"
# What reaches the executor and nobody else: tags name queues, paths and keys are shown to users.
SECRET_FIELDS = frozenset(
    {
        "after_script",
        "before_script",
        "container",
        "environment",
        "headers",
        "helper",
        "helper_environment",
        "query",
        "script",
        "services",
        "url",
        "variables",
    }
)


def secret_placeholder(key: str, execution_id: str, task_type: str, name: str) -> str:
    """Return what stands for a secret in one task of one execution."""
    text = f"secret:{execution_id}:{task_type}:{name}"
    digest = hashlib.blake2b(text.encode(), key=key.encode()[:64], digest_size=16)
    return _MARK + digest.hexdigest().upper()


def secrets_in(task: TaskDefinition, placeholders: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the secrets that a rendered task mentions."""
    if not placeholders:
        return ()
    text = task.model_dump_json()
    return tuple(sorted(name for name, mark in placeholders.items() if mark in text))


def misplaced_secrets(task: TaskDefinition, placeholders: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of a rendered task that secrets may not stand in, and do."""
    marks = tuple(placeholders)
    if not marks:
        return ()
    shown = task.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return tuple(
        name
        for name, value in shown.items()
        if name not in SECRET_FIELDS and any(mark in str(value) for mark in marks)
    )


def filled_in(value: Any, values: Mapping[str, str]) -> Any:
    """Return a JSON value with the placeholders in its texts replaced, the keys of maps too."""
    match value:
        case str():
            for mark, secret in values.items():
                if mark in value:
                    value = value.replace(mark, secret)
            return value
        case dict():
            return {filled_in(k, values): filled_in(v, values) for k, v in value.items()}
        case list():
            return [filled_in(item, values) for item in value]
        case _:
            return value
