"""Tables of the engine's rules, from the rules themselves."""

from collections.abc import Callable

from formicary.domain.job_run import Phase
from formicary.domain.rule_table import Rule
from formicary.domain.rules import TABLE
from formicary.domain.states import STATE_OF_MARK, TaskMark
from formicary.domain.walk import STEPS, STEPS_WHEN_IDLE
from tests.unit.docs.field_tables import table

_SHOWN = {
    Phase.WAITING: ("PENDING or PAUSED", "Not begun: it waits for its time, or for slots."),
    Phase.RETRYING: ("PENDING or PAUSED", "An execution failed; the next one waits for its time."),
    Phase.WALKING: ("EXECUTING or PAUSED", "Tasks run along the routes."),
    Phase.FINALIZING: ("EXECUTING", "How it ends is known; `always_run` tasks run."),
    Phase.ENDED: ("COMPLETED, FAILED, CANCELLED", "Only a restart changes it."),
}
_MARKS = {
    TaskMark.NOT_RUN: "not reached in this execution",
    TaskMark.QUEUED: "its turn has come; it waits for a place, or for the end of a pause",
    TaskMark.JOINING: "a route led to it; it waits for its `depends_on`",
    TaskMark.LATER: "a restart runs it again, after others",
    TaskMark.ACTIVE: "at work: with an ant, awaiting children, or between two attempts",
    TaskMark.COMPLETED: "ended well",
    TaskMark.SKIPPED: "`except` held",
    TaskMark.FAILED: "no `retry` was left",
    TaskMark.ALLOWED: "failed, with `allow_failure`",
    TaskMark.CANCELLED: "ended from outside",
}


def phases_table() -> str:
    rows = [(f"{phase}", *_SHOWN[phase]) for phase in Phase]
    return table(("phase", "state shown", "meaning"), rows)


def marks_table() -> str:
    rows = [
        (f"`{mark}`", mark.name, str(STATE_OF_MARK.get(mark, "")), _MARKS[mark])
        for mark in TaskMark
    ]
    return table(("letter", "mark", "state shown", "meaning"), rows)


def _phases_of(rule: Rule) -> str:
    if not rule.phases:
        return "none"
    return ", ".join(rule.phases) if len(rule.phases) < len(Phase) else "any"


def rules_table() -> str:
    rows = [
        (
            rule.event_name,
            _phases_of(rule),
            f"`{rule.name}`",
            rule.says,
            rule.otherwise,
        )
        for rule in TABLE
    ]
    return table(("what happened", "in phase", "rule", "what it does", "else refused"), rows)


def steps_table() -> str:
    first = [(_row(number, step)) for number, step in enumerate(STEPS, 1)]
    idle = [(_row(number, step)) for number, step in enumerate(STEPS_WHEN_IDLE, len(STEPS) + 1)]
    return table(("", "step", "what it does"), first + idle)


def _row(number: int, step: Callable[..., bool]) -> tuple[str, ...]:
    return str(number), f"`{step.__name__}`", " ".join((step.__doc__ or "").split())
