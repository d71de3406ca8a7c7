"""Restarts in graphs with branches and joins: nothing that has its turn is lost, or comes early."""

from dataclasses import replace
from random import Random

import pytest

from formicary.domain.events import ChildFinished, ChildForked
from formicary.domain.job_graph import StaticGraph
from formicary.domain.job_run import Phase
from formicary.domain.restart import repinned
from formicary.domain.states import RequestState, TaskMark, TaskMethod
from formicary.domain.turns import WELL
from tests.unit.domain.engine_play import Play, graph_of, node

ONE_ROUTE = graph_of(
    node(0, "split", on_completed=("left", "right")),
    node(1, "left"),
    node(2, "right", on_completed="join"),
    node(3, "join", depends_on=("left", "right")),
)


def test_a_join_that_a_kept_task_led_to_runs_again_after_the_branch_that_does_not_lead_there() -> (
    None
):
    play = Play(ONE_ROUTE).start().completes("split").completes("left").completes("right")
    play.completes("join").restart(from_task="left")
    assert play.dispatched == ["left"]
    assert play.completes("left").dispatched == ["join"]
    assert play.completes("join").state is RequestState.COMPLETED


def test_a_failed_join_waits_for_a_dependency_that_runs_again() -> None:
    play = Play(ONE_ROUTE).start().completes("split").completes("left").completes("right")
    play.fails("join").restart(from_task="left")
    assert play.dispatched == ["left"]
    assert play.mark("join") is TaskMark.JOINING
    assert play.completes("left").dispatched == ["join"]


def test_a_join_that_a_kept_task_did_not_lead_to_waits_for_the_route() -> None:
    """`kept` could have led to the join, but took another way."""
    graph = graph_of(
        node(0, "split", on_completed=("kept", "other", "part")),
        node(1, "kept", exit_routes={"2": "join"}, on_completed="elsewhere"),
        node(2, "other", exit_routes={"2": "join"}),
        node(3, "part"),
        node(4, "join", depends_on=("part",)),
        node(5, "elsewhere"),
    )
    play = Play(graph).start().completes("split").completes("kept").completes("elsewhere")
    play.fails("other", "2").fails("part")
    assert play.mark("join") is TaskMark.JOINING
    play.restart(from_task="other")
    assert play.dispatched == ["other", "part"]
    assert play.mark("join") is TaskMark.NOT_RUN
    assert play.completes("part").dispatched == []
    assert play.completes("other").state is RequestState.COMPLETED
    assert play.mark("join") is TaskMark.NOT_RUN


MERGE = graph_of(
    node(0, "split", on_completed=("left", "right")),
    node(1, "left", on_completed="merge", exit_routes={"3": "COMPLETED"}),
    node(2, "right", on_completed="merge"),
    node(3, "merge"),
)


def test_what_follows_a_failed_task_runs_again_once_though_a_kept_task_led_there_too() -> None:
    play = Play(MERGE).start().completes("split").completes("right").completes("merge")
    assert play.fails("left").restart().dispatched == ["left"]
    assert play.completes("left").dispatched == ["merge"]
    assert play.completes("merge").state is RequestState.COMPLETED


def test_what_a_kept_task_led_to_is_not_lost_when_the_failed_one_goes_elsewhere_now() -> None:
    play = Play(MERGE).start().completes("split").completes("right").completes("merge")
    play.fails("left").restart()
    assert play.completes("left", "3").dispatched == ["merge"]
    assert play.completes("merge").state is RequestState.COMPLETED


def test_a_join_is_not_blocked_by_a_kept_task_that_always_runs() -> None:
    graph = graph_of(
        node(0, "a", on_completed=("prepare", "work")),
        node(1, "prepare", always_run=True),
        node(2, "work"),
        node(3, "join", depends_on=("prepare", "work")),
    )
    play = Play(graph).start().completes("a").completes("prepare").fails("work").restart()
    assert play.dispatched == ["work"]
    assert play.completes("work").dispatched == ["join"]


def test_a_join_called_by_a_task_that_is_to_run_again_waits_for_it() -> None:
    graph = graph_of(
        node(0, "split", on_completed=("caller", "part")),
        node(1, "caller", on_completed="join", exit_routes={"3": "COMPLETED"}),
        node(2, "part"),
        node(3, "join", depends_on=("part",)),
    )
    graph = replace(
        graph,
        nodes=tuple(
            replace(one, allow_start_if_completed=one.task_type == "caller") for one in graph.nodes
        ),
    )
    play = Play(graph).start().completes("split").completes("caller").fails("part").restart()
    assert play.dispatched == ["caller", "part"]
    assert play.completes("part").dispatched == []
    assert play.completes("caller").dispatched == ["join"]


@pytest.mark.parametrize("event", ["finished", "forked"])
def test_news_of_a_child_whose_fork_task_another_version_has_not_are_refused(event: str) -> None:
    old = graph_of(
        node(0, "fork", method=TaskMethod.FORK_JOB, on_completed="work"), node(1, "work")
    )
    play = Play(old).start().forks("fork").fails("work")
    child = play.run.child_request_id(0)
    play.graph = graph_of(node(0, "work"))
    play.run = repinned(play.run, old, play.graph, 2)
    before = play.run
    if event == "finished":
        play.take(ChildFinished("fork", child, RequestState.COMPLETED))
    else:
        play.take(ChildForked("fork", 1, child))
    assert play.rejected == "the job has no such task any more"
    assert play.run is before


CODES = ("0", "0", "0", "1", "2", "3")


_WAITING = (TaskMark.NOT_RUN, TaskMark.QUEUED, TaskMark.JOINING, TaskMark.LATER)


def branching(chance: Random) -> StaticGraph:
    """Up to nine tasks with branches, merges and joins; routes lead to later ones only."""
    size = chance.randint(3, 9)
    names = [f"t{n}" for n in range(size)]

    def some(of: list[str], most: int) -> tuple[str, ...]:
        return tuple(chance.sample(of, min(len(of), chance.randint(0, most))))

    nodes = []
    for index, name in enumerate(names):
        later = names[index + 1 :]
        codes = zip(("2", "3"), some(later, 2), strict=False)
        nodes.append(
            node(
                index,
                name,
                exit_routes=dict(codes),
                on_completed=some(later, 3),
                on_failed=some(later, 1),
                allow_failure=chance.random() < 0.3,
                depends_on=some(names[:index], 3) if chance.random() < 0.5 else (),
            )
        )
    return graph_of(*nodes, max_parallel=chance.randint(0, 2))


class Story:
    """A run of a random graph; `codes` are the exit codes with which its tasks ended last."""

    def __init__(self, graph: StaticGraph, chance: Random) -> None:
        self.play = Play(graph)
        self.chance = chance
        self.codes: dict[str, str] = {}
        self.begun: list[str] = []
        # Somebody began with these, whatever they depend on.
        self.forced: set[str] = set()

    def go_on(self) -> None:
        """Let everything end that begins, in any order, until the run has ended."""
        for _ in range(100):
            self._look_at_what_begins()
            if self.play.run.phase is Phase.ENDED:
                return
            if self.chance.random() < 0.05:
                self.play.cancel()
                continue
            assert self.play.run.active, f"stands still: {self.play.run.marks}"
            name = self.chance.choice(sorted(self.play.run.active))
            code = self.chance.choice(CODES)
            self.codes[name] = code
            _ = self.play.completes(name, code) if code == "0" else self.play.fails(name, code)
        raise AssertionError("never ends")

    def _look_at_what_begins(self) -> None:
        graph = self.play.graph
        for name in self.play.dispatched:
            assert name not in self.begun, f"{name} runs twice in an execution"
            self.begun.append(name)
            if name not in self.forced:
                unmet = [d for d in graph.node(name).depends_on if self.play.mark(d) not in WELL]
                assert not unmet, f"{name} begins before {unmet}: {self.play.run.marks}"

    def restart(self, *, hard: bool, from_task: str) -> None:
        self.begun = []
        self.forced.add(from_task)
        self.play.restart(hard, from_task)

    def led_to(self, name: str) -> tuple[str, ...]:
        """Where a task that ended well led to, by its exit code: read from the language."""
        node, code = self.play.graph.node(name), self.codes[name]
        if code in node.exit_routes:
            return (node.exit_routes[code],)
        return node.on_completed if code == "0" else node.on_failed or node.on_completed

    def check_that_nothing_is_lost(self) -> None:
        """In a run that has completed, whatever has its turn has run."""
        graph, marks = self.play.graph, self.play.mark
        well = {node.task_type for node in graph.nodes if marks(node.task_type) in WELL}
        called = {target for name in well for target in self.led_to(name)} | set(graph.start_tasks)
        for one in graph.nodes:
            ready = set(one.depends_on) <= well
            has_turn = one.task_type in called or (bool(one.depends_on) and not one.routed)
            if ready and has_turn:
                # What had failed before the task from which somebody restarts stays as it was.
                lost = f"{one.task_type} is lost: {self.play.run.marks}"
                assert marks(one.task_type) not in _WAITING, lost


@pytest.mark.parametrize("first_seed", range(0, 2000, 500))
def test_after_any_restart_what_has_its_turn_runs_once_and_after_what_it_depends_on(
    first_seed: int,
) -> None:
    judged = 0
    for seed in range(first_seed, first_seed + 500):
        chance = Random(seed)
        story = Story(branching(chance), chance)
        story.play.start()
        story.go_on()
        for _ in range(3):
            from_task = chance.choice(["", "", *story.codes])
            story.restart(hard=chance.random() < 0.2, from_task=from_task)
            story.go_on()
            if story.play.state is RequestState.COMPLETED:
                judged += 1
                story.check_that_nothing_is_lost()
    assert judged > 100
