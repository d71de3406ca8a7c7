"""What the outcome of an attempt means: completed, failed, or to be run again, and what comes next.

Order (semantics): a route for the exit code, then `on_completed` or `on_failed`, then
`allow_failure`. An exit code that leads to a task is a declared outcome: the task is completed with
that exit code.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from formicary.domain.error_rules import ErrorAction
from formicary.domain.events import TaskFinished
from formicary.domain.job_graph import TaskNode
from formicary.domain.states import ERROR_TARGET_PREFIX, ErrorCode, RequestState, Target


class Verdict(StrEnum):
    """What becomes of a task after an attempt."""

    COMPLETED = "completed"
    FAILED = "failed"
    POLL = "poll"
    RESTART = "restart"
    RESTART_JOB = "restart_job"
    PAUSE_JOB = "pause_job"
    SUSPEND_JOB = "suspend_job"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The verdict, the routes to follow, and for failures the error.

    `retryable` allows the task's `retry`; `fatal` rules out the job's, too, and ends the job at
    once. `at_last` is what a failure leads to when no retry is left. The table of error codes may
    grant `task_retries` and `job_retries`.
    """

    verdict: Verdict
    routes: tuple[str, ...] = ()
    retryable: bool = True
    error_code: str = ""
    error_message: str = ""
    exit_code: str = ""
    fatal: bool = False
    at_last: Verdict = Verdict.FAILED
    task_retries: int = 0
    job_retries: int = 0


def resolve(node: TaskNode, event: TaskFinished) -> Resolution:
    """Decide what an attempt's outcome means by the routes of its task."""
    target = node.exit_routes.get(event.exit_code) if event.exit_code else None
    if target is None:
        return _by_status(node, event)
    if target in _BY_TARGET:
        return _BY_TARGET[target](node, event)
    if target.startswith(ERROR_TARGET_PREFIX):
        return _failed(node, event, error_code=target)
    return Resolution(Verdict.COMPLETED, (target,))


def _by_status(node: TaskNode, event: TaskFinished) -> Resolution:
    if event.status is not RequestState.COMPLETED:
        return _failed(node, event)
    special = node.on_completed[0] if len(node.on_completed) == 1 else ""
    if not is_special(special) or special == Target.COMPLETED:
        return _completed(node, event)
    if special in _BY_TARGET:
        return _BY_TARGET[special](node, event)
    return _failed(node, event, error_code=special)


def _completed(node: TaskNode, _event: TaskFinished) -> Resolution:
    routes = node.on_completed
    if any(map(is_special, routes)):
        routes = tuple(name for name in routes if not is_special(name))
    return Resolution(Verdict.COMPLETED, routes)


def _failed(node: TaskNode, event: TaskFinished, error_code: str = "") -> Resolution:
    fatal = False
    at_last = Verdict.FAILED
    for target in node.on_failed:
        if target == Target.FATAL:
            fatal, error_code = True, error_code or ErrorCode.FATAL
        elif target.startswith(ERROR_TARGET_PREFIX):
            error_code = error_code or target
        elif target in _AGAIN:
            return Resolution(_AGAIN[target])
        else:
            at_last = _AT_LAST.get(target, at_last)
    failed = Resolution(
        Verdict.FAILED,
        tuple(t for t in node.on_failed if not is_special(t)),
        not fatal,
        error_code or event.error_code or ErrorCode.TASK_EXECUTE,
        event.error_message or _describe(event),
        fatal=fatal,
        at_last=at_last,
    )
    return _with_action(failed, event) if event.action else failed


def _with_action(failed: Resolution, event: TaskFinished) -> Resolution:
    """Obey the row of the table of error codes that fits the failure."""
    if failed.fatal:
        return failed
    if event.action == ErrorAction.SUSPEND_JOB:
        return Resolution(Verdict.SUSPEND_JOB)
    if event.action == ErrorAction.RETRY_TASK:
        return replace(failed, task_retries=event.action_retry)
    if event.action == ErrorAction.RETRY_JOB:
        return replace(failed, retryable=False, job_retries=event.action_retry)
    return replace(failed, retryable=False, fatal=True)


def _fatal(node: TaskNode, event: TaskFinished) -> Resolution:
    message = event.error_message or _describe(event)
    routes = tuple(t for t in node.on_failed if not is_special(t))
    return Resolution(Verdict.FAILED, routes, False, ErrorCode.FATAL, message, fatal=True)


def misled(node: TaskNode, unknown: list[str]) -> Resolution:
    """Return the failure of a task whose rendered routes name tasks that there are not."""
    names = ", ".join(repr(name) for name in unknown)
    message = f"task {node.task_type!r} leads to {names}, which no task of the job is named"
    return Resolution(Verdict.FAILED, (), False, ErrorCode.VALIDATION, message)


def _describe(event: TaskFinished) -> str:
    if event.exit_message:
        return event.exit_message
    return f"exit code {event.exit_code}" if event.exit_code else "the task failed"


def is_special(target: str) -> bool:
    """Whether a route leads to a state or an error code and not to a task."""
    return target in _SPECIAL or target.startswith(ERROR_TARGET_PREFIX)


_SPECIAL = frozenset(Target)
# Run again, whatever `retry` says.
_AGAIN: dict[str, Verdict] = {Target.EXECUTING: Verdict.POLL, Target.RESTART_TASK: Verdict.RESTART}
# After `on_failed`, these come when `retry` is used up; after an exit code, at once.
_AT_LAST: dict[str, Verdict] = {
    Target.RESTART_JOB: Verdict.RESTART_JOB,
    Target.PAUSE_JOB: Verdict.PAUSE_JOB,
}
_BY_TARGET: dict[str, Callable[[TaskNode, TaskFinished], Resolution]] = {
    Target.COMPLETED: _completed,
    Target.FAILED: _failed,
    Target.FATAL: _fatal,
    Target.EXECUTING: lambda _node, _event: Resolution(Verdict.POLL),
    Target.RESTART_TASK: lambda _node, _event: Resolution(Verdict.RESTART),
    Target.RESTART_JOB: lambda _node, _event: Resolution(Verdict.RESTART_JOB),
    Target.PAUSE_JOB: lambda _node, _event: Resolution(Verdict.PAUSE_JOB),
}
