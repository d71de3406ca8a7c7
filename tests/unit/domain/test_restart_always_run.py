"""Restarts of jobs that begin with a task that always runs: it is their start, then a clean-up."""

from formicary.domain.states import RequestState, TaskMark
from tests.unit.domain.engine_play import Play, graph_of, node

GRAPH = graph_of(
    node(0, "setup", always_run=True, on_completed="build"),
    node(1, "build", on_completed="work"),
    node(2, "work"),
)
JOINED = graph_of(
    node(0, "setup", always_run=True),
    node(1, "build", depends_on=("setup",), on_completed="work"),
    node(2, "work"),
)


def test_a_start_that_a_restart_passes_over_runs_last() -> None:
    play = Play(GRAPH).cancel().restart(from_task="work")
    assert play.dispatched == ["work"]
    assert play.completes("work").dispatched == ["setup"]
    assert play.completes("setup").state is RequestState.COMPLETED
    assert play.mark("build") is TaskMark.NOT_RUN


def test_one_that_had_failed_or_been_cancelled_runs_last_too() -> None:
    for play in (Play(GRAPH).start().fails("setup"), Play(GRAPH).start().cancel()):
        assert play.restart(from_task="work").dispatched == ["work"]
        assert play.fails("work").dispatched == ["setup"]
        assert play.completes("setup").state is RequestState.FAILED


def test_one_that_ended_well_is_kept() -> None:
    play = Play(GRAPH).start().completes("setup").fails("build").restart(from_task="work")
    assert play.completes("work").state is RequestState.COMPLETED


def test_a_start_that_was_cancelled_begins_the_job_again() -> None:
    play = Play(GRAPH).start().cancel().restart()
    assert play.dispatched == ["setup"]
    assert play.completes("setup").dispatched == ["build"]


def test_a_start_that_failed_and_was_passed_over_begins_the_job_again() -> None:
    play = Play(GRAPH).start().fails("setup").restart(from_task="work").fails("work")
    assert play.fails("setup").restart().dispatched == ["setup"]


def test_a_start_that_ran_as_a_clean_up_alone_begins_the_job_again() -> None:
    play = Play(GRAPH).cancel().restart(from_task="work").completes("work").completes("setup")
    assert play.restart().dispatched == ["setup"]
    assert play.completes("setup").dispatched == ["build"]


def test_so_does_one_that_others_wait_for() -> None:
    play = Play(JOINED).cancel().restart(from_task="work").completes("work").completes("setup")
    assert play.restart().dispatched == ["setup"]
    assert play.completes("setup").dispatched == ["build"]


def test_one_that_has_led_on_is_kept() -> None:
    play = Play(JOINED).start().completes("setup").fails("build")
    assert play.restart().dispatched == ["build"]
    play = Play(JOINED).start().completes("setup").completes("build").completes("work")
    assert play.restart().state is RequestState.COMPLETED
