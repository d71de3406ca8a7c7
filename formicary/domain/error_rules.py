"""The table of error codes: what a failure is called, and what shall be done about it.

A row fits when its regular expression is found in the error message or the output, and when each of
its scopes is empty, `*`, or equal to what failed (a command need only contain its scope). Rows of
the tenant come before those of everybody, then the most specific one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_REGEX = 500
MAX_SEARCHED = 8_000
EVERYBODY = "*"
# A repeat of a repeat can take for ever on a text that does not fit.
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*[*+}](?:[^()\\]|\\.)*\)\s*[*+{]")


class ErrorAction(StrEnum):
    """What a row has done about a failure."""

    RETRY_TASK = "RETRY_TASK"
    RETRY_JOB = "RETRY_JOB"
    SUSPEND_JOB = "SUSPEND_JOB"
    HARD_FAILURE = "HARD_FAILURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """A row. `retry` is how often its action runs the task or job again, at least once."""

    id: str
    tenant: str
    error_code: str
    created_at: datetime
    updated_at: datetime
    regex: str = ""
    exit_code: str = ""
    job_type: str = ""
    task_type_scope: str = ""
    platform_scope: str = ""
    command_scope: str = ""
    description: str = ""
    display_message: str = ""
    action: ErrorAction | None = None
    retry: int = 0
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """What is known of a failure; `texts` are its message and output."""

    job_type: str
    task_type: str
    platform: str = ""
    command: str = ""
    exit_code: str = ""
    texts: tuple[str, ...] = ()


def best_rule(rules: Iterable[ErrorRule], failure: FailureFacts) -> ErrorRule | None:
    """Return the row that a failure is to be treated by, None when none fits."""
    fitting = [rule for rule in rules if _fits(rule, failure)]
    return min(fitting, key=_rank) if fitting else None


def regex_fault(pattern: str) -> str:
    """Return what is wrong with a regular expression, nothing when it is sound."""
    if len(pattern) > MAX_REGEX:
        return f"has {len(pattern)} characters, and {MAX_REGEX} are allowed"
    if _NESTED_REPEAT.search(pattern):
        return "repeats a group that repeats something itself: it could take for ever"
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""


def _fits(rule: ErrorRule, failure: FailureFacts) -> bool:
    return (
        _in_scope(rule.job_type, failure.job_type)
        and _in_scope(rule.task_type_scope, failure.task_type)
        and _in_scope(rule.platform_scope, failure.platform)
        and _in_scope(rule.exit_code, failure.exit_code)
        and (rule.command_scope in {"", EVERYBODY} or rule.command_scope in failure.command)
        and _found(rule.regex, failure.texts)
    )


def _in_scope(scope: str, value: str) -> bool:
    return scope in {"", EVERYBODY} or scope == value


def _found(pattern: str, texts: Iterable[str]) -> bool:
    if not pattern:
        return True
    return any(re.search(pattern, text[-MAX_SEARCHED:], re.MULTILINE) for text in texts)


def _rank(rule: ErrorRule) -> tuple[object, ...]:
    scopes = (rule.platform_scope, rule.job_type, rule.task_type_scope, rule.command_scope)
    lengths = [-len(text.strip(EVERYBODY)) for text in (*scopes, rule.exit_code, rule.regex)]
    return (rule.tenant == EVERYBODY, *lengths, rule.id)
