"""The table of rules is complete, and an event in a phase that it does not name is refused."""

from datetime import timedelta
from typing import get_args

import pytest

from formicary.domain.decide import decide
from formicary.domain.events import (
    BatchDue,
    CancelDue,
    CancelRequested,
    ChildFinished,
    ChildForked,
    ChildrenFinished,
    Event,
    ItemsForked,
    ItemsListed,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    SlotFreed,
    SlotsGranted,
    TaskFinished,
    TaskLost,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TimerKind,
    TriggerRequested,
)
from formicary.domain.job_run import Phase
from formicary.domain.rule_table import Rule
from formicary.domain.rules import OUTSIDE, TABLE
from formicary.domain.states import RequestState
from tests.unit.domain.engine_play import START, Play, graph_of, node

EXAMPLES: dict[type[Event], Event] = {
    JobSubmitted: JobSubmitted(),
    SlotFreed: SlotFreed(0, "by"),
    SlotsGranted: SlotsGranted(0),
    TaskStarted: TaskStarted("work", 1, "ant", "host", START),
    TaskFinished: TaskFinished("work", 1, RequestState.COMPLETED, "0"),
    TaskRedelivered: TaskRedelivered("work", 1, "ant"),
    TaskLost: TaskLost("work", 1),
    ChildForked: ChildForked("work", 1, "child"),
    ChildFinished: ChildFinished("work", "child", RequestState.COMPLETED),
    ItemsListed: ItemsListed("work", 1, 2, "listing"),
    BatchDue: BatchDue("work", 1, "1", 0),
    ItemsForked: ItemsForked("work", 1, "1", 0, 2),
    CancelDue: CancelDue(0, "1", 0, 2),
    ChildrenFinished: ChildrenFinished("work", "1", 2),
    CancelRequested: CancelRequested(),
    RestartRequested: RestartRequested(),
    PauseRequested: PauseRequested(),
    ResumeRequested: ResumeRequested(),
    TriggerRequested: TriggerRequested(),
}


def in_phase(phase: Phase) -> Play:
    """A run of one task that is in that phase."""
    graph = graph_of(node(0, "work"), node(1, "clean", always_run=True), retry=1, delay_seconds=60)
    play = Play(graph)
    if phase is Phase.WAITING:
        return play
    play.start()
    if phase is Phase.RETRYING:
        return play.fails("work")
    if phase is Phase.WALKING:
        return play
    play.cancel().take(TaskFinished("work", 1, RequestState.CANCELLED))
    return play if phase is Phase.FINALIZING else play.completes("clean")


def example(rule: Rule) -> Event:
    if isinstance(rule.on, TimerKind):
        return TimerFired(rule.on, "work", 1, START)
    return EXAMPLES[rule.on]


def test_every_event_and_every_timer_has_exactly_one_rule() -> None:
    events = [kind for kind in get_args(Event) if kind is not TimerFired]
    kinds = [*events, *(kind for kind in TimerKind if kind not in OUTSIDE)]

    assert sorted(map(str, kinds)) == sorted(str(rule.on) for rule in TABLE)


@pytest.mark.parametrize("timer", sorted(OUTSIDE))
def test_a_timer_that_is_not_of_the_run_is_refused(timer: TimerKind) -> None:
    play = in_phase(Phase.WALKING)

    assert play.take(TimerFired(timer, "", 1, START)).rejected


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.name + "-" + rule.event_name)
def test_an_event_counts_in_the_phases_of_its_rule_and_no_other(rule: Rule, phase: Phase) -> None:
    play = in_phase(phase)
    assert play.run.phase is phase

    decision = decide(play.run, example(rule), play.graph, START + timedelta(days=1))

    if phase not in rule.phases:
        assert decision.rejected == rule.otherwise
        assert decision.run is play.run
    else:
        assert decision.rejected != rule.otherwise or not rule.otherwise


def test_rules_say_what_they_do_and_why_not() -> None:
    for rule in TABLE:
        assert rule.says.endswith("."), rule.name
        assert rule.otherwise or len(rule.phases) == len(Phase)
