"""Children, cancel and restart: what happens to a run from outside."""

from formicary.domain.commands import CancelChild, CancelTask, StartTimer
from formicary.domain.events import (
    ChildForked,
    TaskFinished,
)
from formicary.domain.job_run import ActivityState
from formicary.domain.states import ErrorCode, RequestState, TaskMethod
from tests.unit.domain.engine_play import Play, graph_of, node

SEQUENCE = graph_of(
    node(0, "extract", on_completed="transform"),
    node(1, "transform", on_completed="load"),
    node(2, "load"),
)


FORKED = graph_of(
    node(0, "fork1", method=TaskMethod.FORK_JOB, on_completed="fork2"),
    node(1, "fork2", method=TaskMethod.FORK_JOB, on_completed="wait"),
    node(
        2,
        "wait",
        method=TaskMethod.AWAIT_FORKED_JOB,
        await_forked_tasks=("fork1", "fork2"),
        on_completed="join",
    ),
    node(3, "join"),
)


def test_forked_children_are_awaited_and_joined() -> None:
    play = Play(FORKED).start().forks("fork1").forks("fork2")
    assert play.run.active["wait"].state is ActivityState.AWAITING
    assert play.child_ends("fork2", RequestState.COMPLETED).dispatched == []
    assert play.child_ends("fork1", RequestState.COMPLETED).dispatched == ["join"]


def test_a_child_that_ends_before_it_is_awaited_counts() -> None:
    play = Play(FORKED).start().forks("fork1").child_ends("fork1", RequestState.COMPLETED)
    play.commands = [*Play(FORKED).start().forks("fork1").commands]
    play.forks("fork2").child_ends("fork2", RequestState.COMPLETED)
    assert play.dispatched == ["join"]


def test_a_failed_child_fails_the_task_that_awaits_it() -> None:
    play = Play(FORKED).start().forks("fork1").forks("fork2")
    play.child_ends("fork1", RequestState.FAILED).child_ends("fork2", RequestState.COMPLETED)
    assert play.run.state is RequestState.FAILED
    assert play.run.error_code == ErrorCode.CHILD_FAILED
    assert "fork1" in play.run.error_message


def test_a_child_has_one_id_however_often_it_is_forked_again_after_a_crash() -> None:
    first = Play(FORKED).start().run.child_request_id(0)
    assert first == Play(FORKED).start().run.child_request_id(0)
    assert len(first) == 26


def test_cancel_ends_a_run_at_once_and_tells_ants_and_children() -> None:
    play = Play(SEQUENCE).start().cancel()
    assert play.run.state is RequestState.CANCELLED
    assert play.commands == [CancelTask("extract", 1)]

    play = Play(FORKED).start().forks("fork1").cancel()
    told, untold = play.run.child_request_id(0), play.run.child_request_id(1)
    assert play.commands == [CancelChild(told), CancelChild(untold)]
    assert play.run.error_code == ErrorCode.JOB_CANCELLED


def test_cancel_waits_for_the_ant_before_the_finalizers_run() -> None:
    graph = graph_of(node(0, "work"), node(1, "clean", always_run=True))
    play = Play(graph).start().cancel()
    assert play.run.state is RequestState.EXECUTING
    assert play.dispatched == []

    play.take(TaskFinished("work", 1, RequestState.CANCELLED))
    assert play.dispatched == ["clean"]
    assert play.completes("clean").run.state is RequestState.CANCELLED


def test_cancel_goes_on_without_an_ant_that_does_not_answer() -> None:
    graph = graph_of(node(0, "work"), node(1, "clean", always_run=True))
    play = Play(graph).start().cancel()
    play.commands = [c for c in play.commands if isinstance(c, StartTimer)]
    assert play.fires().dispatched == ["clean"]


def test_cancel_of_a_waiting_run_runs_nothing() -> None:
    play = Play(graph_of(node(0, "work"), node(1, "clean", always_run=True))).cancel()
    assert play.run.state is RequestState.CANCELLED
    assert play.commands == []


def test_cancel_of_a_run_that_has_ended_is_refused() -> None:
    assert Play(SEQUENCE).start().cancel().cancel().rejected


def test_a_fork_that_races_with_cancel_has_its_child_cancelled() -> None:
    play = Play(FORKED).start()
    fork = play.commands[0]
    play.cancel()
    play.take(ChildForked("fork1", 1, fork.child_request_id))
    assert play.commands == [CancelChild(fork.child_request_id)]


def test_restart_runs_what_failed_and_what_follows_and_keeps_the_rest() -> None:
    play = Play(SEQUENCE).start().completes("extract").fails("transform")
    first = play.run.execution_id
    play.restart()
    assert play.dispatched == ["transform"]
    assert play.run.execution_id != first
    assert play.run.last_execution_id == first
    assert play.run.origin_execution_id(0) == first

    play.completes("transform").completes("load")
    assert play.run.state is RequestState.COMPLETED


def test_a_hard_restart_runs_everything_again() -> None:
    play = Play(SEQUENCE).start().completes("extract").fails("transform").restart(hard=True)
    assert play.dispatched == ["extract"]
    assert play.run.marks == "a.."


def test_restart_forks_again_what_failed_and_keeps_the_children_that_completed() -> None:
    play = Play(FORKED).start().forks("fork1").forks("fork2")
    play.child_ends("fork1", RequestState.COMPLETED).child_ends("fork2", RequestState.FAILED)
    kept, broken = play.run.child_request_id(0), play.run.child_request_id(1)
    play.restart()
    assert play.run.child_request_id(0) == kept
    assert play.run.child_request_id(1) != broken
    play.forks("fork2").child_ends("fork2", RequestState.COMPLETED)
    assert play.dispatched == ["join"]


def test_restart_of_a_run_that_has_not_ended_is_refused() -> None:
    assert Play(SEQUENCE).start().restart().rejected


def test_a_restart_runs_the_finalizers_again() -> None:
    graph = graph_of(node(0, "work"), node(1, "clean", always_run=True))
    play = Play(graph).start().fails("work").completes("clean").restart()
    assert play.dispatched == ["work"]
    assert play.completes("work").dispatched == ["clean"]
