"""The table of rules: what each event does, and in which phases of a run it counts."""

from formicary.domain.events import Event, TimerFired, TimerKind
from formicary.domain.fan_rules import FAN_RULES
from formicary.domain.job_rules import JOB_RULES
from formicary.domain.rule_table import Apply, RejectedError, Rule
from formicary.domain.task_rules import TASK_RULES
from formicary.domain.walk import Walk

__all__ = ["OUTSIDE", "RULES", "TABLE", "RejectedError"]


def follow_timer(walk: Walk, event: TimerFired) -> None:
    """Do what the rule of the timer's kind says."""
    if event.timer in OUTSIDE:
        raise RejectedError("the timer is none of the run's own")
    _TIMER_RULES[event.timer](walk, event)


# Leases are looked after where slots are given, before a run is asked.
OUTSIDE = frozenset({TimerKind.LEASE})
TABLE: tuple[Rule, ...] = (*JOB_RULES, *TASK_RULES, *FAN_RULES)
_TIMER_RULES: dict[TimerKind, Apply] = {
    rule.on: rule.guarded() for rule in TABLE if isinstance(rule.on, TimerKind)
}
RULES: dict[type[Event], Apply] = {
    rule.on: rule.guarded() for rule in TABLE if not isinstance(rule.on, TimerKind)
}
RULES[TimerFired] = follow_timer
