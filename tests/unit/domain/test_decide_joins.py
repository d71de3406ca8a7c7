"""Parallel branches: several targets, joins by `depends_on`, and the bound of `max_parallel`."""

import pytest

from formicary.domain.job_graph import StaticGraph
from formicary.domain.states import RequestState, TaskMark, TaskMethod
from tests.unit.domain.engine_play import Play, graph_of, node

DIAMOND = graph_of(
    node(0, "split", on_completed=("left", "right")),
    node(1, "left", on_completed="join"),
    node(2, "right", on_completed="join"),
    node(3, "join", depends_on=("left", "right")),
)
BY_DEPENDENCIES_ALONE = graph_of(
    node(0, "split"),
    node(1, "left", depends_on=("split",)),
    node(2, "right", depends_on=("split",)),
    node(3, "join", depends_on=("left", "right")),
)


@pytest.mark.parametrize("graph", [DIAMOND, BY_DEPENDENCIES_ALONE], ids=["routed", "alone"])
@pytest.mark.parametrize("order", [("left", "right"), ("right", "left")])
def test_a_join_starts_when_all_that_it_depends_on_has_completed(
    graph: StaticGraph, order: tuple[str, str]
) -> None:
    play = Play(graph).start().completes("split")
    assert play.dispatched == ["left", "right"]
    assert play.completes(order[0]).dispatched == []
    assert play.completes(order[1]).dispatched == ["join"]
    assert play.completes("join").state is RequestState.COMPLETED


def test_a_join_that_routes_lead_to_waits_until_one_has_led_there() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("a", "b")),
        node(1, "a", exit_routes={"2": "join"}),
        node(2, "b"),
        node(3, "join", depends_on=("a", "b")),
    )
    play = Play(graph).start().completes("split").completes("b").completes("a")
    assert play.mark("join") is TaskMark.NOT_RUN
    assert play.state is RequestState.COMPLETED

    play = Play(graph).start().completes("split").fails("a", "2")
    assert play.mark("join") is TaskMark.JOINING
    assert play.completes("b").dispatched == ["join"]


@pytest.mark.parametrize("how", ["skipped", "allowed"])
def test_what_is_skipped_or_may_fail_counts_as_ended_well(how: str) -> None:
    graph = graph_of(
        node(0, "split", on_completed=("left", "right")),
        node(1, "left", allow_failure=how == "allowed"),
        node(2, "right"),
        node(3, "join", depends_on=("left", "right")),
    )
    play = Play(graph).start().completes("split").completes("right")
    play = play.fails("left") if how == "allowed" else play.completes("left", "SKIPPED")
    assert play.dispatched == ["join"]


def test_a_task_that_a_condition_leaves_out_is_not_waited_for() -> None:
    graph = graph_of(
        node(0, "split", on_completed="right"),
        node(1, "left", left_out=True, skipped=True, depends_on=("never",)),
        node(2, "right"),
        node(3, "join", depends_on=("left", "right")),
        node(4, "never", on_completed="never"),
    )
    assert Play(graph).start().completes("split").completes("right").dispatched == ["join"]


def test_a_failure_ends_its_own_branch_and_the_others_go_on_to_their_ends() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("left", "right")),
        node(1, "left", on_completed="join"),
        node(2, "right", on_completed="more"),
        node(3, "join", depends_on=("left", "right")),
        node(4, "more"),
        node(5, "clean", always_run=True),
    )
    play = Play(graph).start().completes("split").fails("left", "7")
    assert play.state is RequestState.EXECUTING
    assert play.completes("right").dispatched == ["more"]
    assert play.completes("more").dispatched == ["clean"]
    play.completes("clean")
    assert play.state is RequestState.FAILED
    assert play.run.exit_code == "7"
    assert play.mark("join") is TaskMark.NOT_RUN


def test_a_fatal_failure_ends_the_other_branches_at_once() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("left", "right")),
        node(1, "left", exit_routes={"9": "FATAL"}),
        node(2, "right"),
    )
    play = Play(graph).start().completes("split").fails("left", "9")
    assert play.state is RequestState.FAILED
    assert play.mark("right") is TaskMark.CANCELLED


def test_a_join_whose_dependency_is_never_reached_never_starts() -> None:
    graph = graph_of(
        node(0, "choose", exit_routes={"2": "rare"}, on_completed="usual"),
        node(1, "rare"),
        node(2, "usual"),
        node(3, "both", depends_on=("rare", "usual")),
    )
    play = Play(graph).start().completes("choose").completes("usual")
    assert play.mark("both") is TaskMark.NOT_RUN
    assert play.state is RequestState.COMPLETED


def test_an_always_run_join_runs_at_the_end_whatever_became_of_its_dependencies() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("left", "right")),
        node(1, "left"),
        node(2, "right"),
        node(3, "report", depends_on=("left", "right"), always_run=True),
    )
    play = Play(graph).start().completes("split").fails("left")
    assert play.completes("right").dispatched == ["report"]
    assert play.completes("report").state is RequestState.FAILED


def test_several_roots_that_a_join_names_start_together() -> None:
    graph = graph_of(
        node(0, "a"), node(1, "b"), node(2, "join", depends_on=("a", "b")), node(3, "last")
    )
    assert Play(graph).start().dispatched == ["a", "b"]


def test_a_join_of_a_thousand_starts_once() -> None:
    names = [f"part-{n}" for n in range(1000)]
    graph = graph_of(
        node(0, "split", on_completed=tuple(names)),
        *(node(n + 1, name) for n, name in enumerate(names)),
        node(1001, "join", depends_on=tuple(names)),
    )
    play = Play(graph).start().completes("split")
    assert len(play.dispatched) == 1000
    for name in names[:-1]:
        play.completes(name)
        assert play.dispatched == []
    assert play.completes(names[-1]).dispatched == ["join"]


def fan(count: int, **policy: object) -> StaticGraph:
    names = tuple(f"t{n}" for n in range(1, count + 1))
    return graph_of(
        node(0, "split", on_completed=tuple(reversed(names))),
        *(node(n, name) for n, name in enumerate(names, 1)),
        **policy,
    )


def test_max_parallel_bounds_what_is_with_ants_and_the_rest_follows_in_order() -> None:
    play = Play(fan(5, max_parallel=2)).start().completes("split")
    assert play.dispatched == ["t5", "t4"]
    assert play.run.marks == "Cqqqaa"
    assert play.completes("t4").dispatched == ["t1"]
    assert play.fails("t5").dispatched == ["t2"]
    assert play.completes("t1").dispatched == ["t3"]
    assert play.completes("t2").completes("t3").state is RequestState.FAILED


def test_a_task_that_waits_for_its_retry_keeps_its_place() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("a", "b")),
        node(1, "a", retry=1, delay_seconds=5),
        node(2, "b"),
        max_parallel=1,
    )
    play = Play(graph).start().completes("split").fails("a")
    assert play.dispatched == []
    assert play.fires().dispatched == ["a"]
    assert play.completes("a").dispatched == ["b"]


def test_tasks_of_the_control_plane_need_no_place() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("work", "fork")),
        node(1, "work"),
        node(2, "fork", method=TaskMethod.FORK_JOB),
        max_parallel=1,
    )
    play = Play(graph).start().completes("split")
    assert [type(command).__name__ for command in play.commands] == ["DispatchTask", "ForkJob"]


def test_a_restart_keeps_the_branch_that_completed_and_runs_the_join() -> None:
    play = Play(DIAMOND).start().completes("split").completes("left").fails("right")
    assert play.state is RequestState.FAILED
    assert play.restart().dispatched == ["right"]
    assert play.completes("right").dispatched == ["join"]
    assert play.completes("join").state is RequestState.COMPLETED


def test_a_restart_remembers_that_a_kept_task_led_to_the_join() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("left", "right")),
        node(1, "left", on_completed="join"),
        node(2, "right"),
        node(3, "join", depends_on=("left", "right")),
    )
    play = Play(graph).start().completes("split").completes("left").fails("right").restart()
    assert play.dispatched == ["right"]
    assert play.completes("right").dispatched == ["join"]


def test_a_cancelled_run_restarts_what_was_queued() -> None:
    play = Play(fan(3, max_parallel=1)).start().completes("split").cancel()
    assert play.state is RequestState.CANCELLED
    assert play.restart().dispatched == ["t1"]
    assert play.completes("t1").dispatched == ["t2"]
    assert play.completes("t2").dispatched == ["t3"]
    assert play.completes("t3").state is RequestState.COMPLETED
