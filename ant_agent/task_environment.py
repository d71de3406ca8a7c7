"""The environment of a task: a scrubbed base, its variables, its `environment`, and its name."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ant_agent.proc_tree import TASK_DIR_VARIABLE
from ant_agent.task_directory import TaskDirectory
from formicary.domain.task_request import TaskMessage

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# SDKs of AWS do not ask the host's metadata service for credentials; a task may say otherwise.
_UNLESS_TOLD = {"AWS_EC2_METADATA_DISABLED": "true"}
# Linux takes at most 128 KiB a string.
_MAX_VALUE = 100_000


def as_text(value: Any) -> str:
    """Write a variable's value as text: as it is, or as JSON when it is not a plain one."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def task_environment(
    message: TaskMessage,
    base: Mapping[str, str] | None = None,
    directory: TaskDirectory | None = None,
) -> tuple[dict[str, str], list[str]]:
    """Return the environment and warnings; secrets come in only where `environment` names them.

    Without a directory it is for scripts that run elsewhere than in the ant's file system.
    """
    request = message.request
    wanted: dict[str, str] = {
        name: as_text(item.value)
        for name, item in request.variables.items()
        if not item.secret and _NAME.fullmatch(name)
    }
    wanted |= request.executor_opts.environment
    usable = {name: value for name, value in wanted.items() if _usable(name, value)}
    warnings = [
        f"{name} is not in the environment: its name, a NUL in it or its size does not allow it"
        for name in wanted.keys() - usable.keys()
    ]
    always = {
        "FORMICARY_JOB_ID": request.job_request_id,
        "FORMICARY_TASK_TYPE": request.task_type,
        "FORMICARY_ATTEMPT": str(message.attempt),
        "FORMICARY_IDEMPOTENCY_KEY": message.task_key,
    }
    if directory is not None:
        always |= {"TMPDIR": str(directory.temp), TASK_DIR_VARIABLE: str(directory.root)}
    return {**(base or {}), **_UNLESS_TOLD, **usable, **always}, warnings


def _usable(name: str, value: str) -> bool:
    fits = len(value) <= _MAX_VALUE and "\0" not in value
    return fits and bool(_NAME.fullmatch(name))
