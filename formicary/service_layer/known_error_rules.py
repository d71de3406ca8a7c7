"""The table of error codes as the engine knows it: looked at only when a task has failed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from formicary.domain.error_rules import EVERYBODY, ErrorRule, FailureFacts, best_rule
from formicary.domain.events import Event, TaskFinished
from formicary.domain.job_run import JobRun
from formicary.domain.states import RequestState
from formicary.domain.task_response import TaskResponse
from formicary.ports import Clock, ErrorRuleRepository

# How long a change of the table may take to be heeded.
KNOWN_FOR = timedelta(seconds=5)


class NoErrorRules:
    """An ErrorRuleRepository without rows: for engines that have none."""

    def list(self, _tenant: str) -> Sequence[ErrorRule]:
        """Return nothing."""
        return ()

    def find(self, _tenant: str, _rule_id: str) -> ErrorRule | None:
        """Return nothing."""
        return None

    def put(self, _rule: ErrorRule) -> None:
        """Refuse."""
        raise NotImplementedError

    def delete(self, _tenant: str, _rule_id: str) -> None:
        """Do nothing."""


class KnownErrorRules:
    """The rows of tenants, read at most every few seconds."""

    def __init__(self, rules: ErrorRuleRepository, clock: Clock) -> None:
        """Read what is not known from `rules`."""
        self._rules = rules
        self._clock = clock
        self._known: dict[str, tuple[datetime, Sequence[ErrorRule]]] = {}

    def judged(self, run: JobRun, event: Event, response: TaskResponse | None) -> Event:
        """Return a failure with the code and the action of the row that fits it best."""
        if not isinstance(event, TaskFinished) or event.status is not RequestState.FAILED:
            return event
        rule = best_rule(self._of(run.tenant), _facts(run, event, response))
        if rule is None:
            return event
        return replace(
            event,
            error_code=rule.error_code,
            error_message=rule.display_message or event.error_message,
            action=rule.action or "",
            action_retry=max(1, rule.retry) if rule.action else 0,
        )

    def _of(self, tenant: str) -> Sequence[ErrorRule]:
        now = self._clock.now()
        known = self._known.get(tenant)
        if known is None or now - known[0] >= KNOWN_FOR:
            rows = (*self._rules.list(tenant), *self._rules.list(EVERYBODY))
            known = self._known[tenant] = (now, rows)
        return known[1]


def _facts(run: JobRun, event: TaskFinished, response: TaskResponse | None) -> FailureFacts:
    output = "\n".join([response.log.inline, *response.stdout]) if response else ""
    return FailureFacts(
        job_type=run.job_type,
        task_type=event.task_type,
        platform=run.platform,
        command=response.failed_command if response else "",
        exit_code=event.exit_code,
        texts=(event.error_message or event.exit_message, output),
    )
