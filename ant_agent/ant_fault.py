"""A fault of the ant or its host, which must reach the user as the end of the task."""

import logging

from ant_agent.masking import Secrets
from ant_agent.task_outcome import Outcome
from ant_agent.task_secrets import secrets_of
from formicary.domain.states import ErrorCode
from formicary.domain.task_request import TaskMessage

_log = logging.getLogger(__name__)


def outcome_of_fault(message: TaskMessage, error: Exception) -> Outcome:
    """Return the failure of an attempt at which the ant itself failed, and log it."""
    told = Secrets(secrets_of(message)).mask(f"{type(error).__name__}: {error}")
    _log.error(
        "the ant failed at a task",
        extra={"task": message.task_key, "error": told},
        exc_info=None if message.secrets else error,
    )
    outcome = Outcome()
    outcome.fail(ErrorCode.TASK_EXECUTE, f"the ant failed: {told}")
    return outcome
