"""Fork tasks with items: what the run knows of its many children."""

import pytest

from formicary.domain.commands import CancelItems, ForkItems
from formicary.domain.events import ChildrenFinished, ItemsForked, ItemsListed, TaskFinished
from formicary.domain.fork_items import BATCH
from formicary.domain.job_run import ActivityState, Fan
from formicary.domain.outbox import caused_by
from formicary.domain.restart import repinned, restarted
from formicary.domain.states import ChildMark, ErrorCode, RequestState, TaskMark, TaskMethod
from tests.unit.domain.engine_play import START, Play, graph_of, node

MANY = 2 * BATCH + 1
GRAPH = graph_of(
    node(0, "fork", method=TaskMethod.FORK_JOB, on_completed="wait", retry=1),
    node(
        1,
        "wait",
        method=TaskMethod.AWAIT_FORKED_JOB,
        await_forked_tasks=("fork",),
        on_completed="join",
    ),
    node(2, "join"),
)


def listed(total: int = MANY) -> Play:
    return Play(GRAPH).start().take(ItemsListed("fork", 1, total, "listing"))


def forked(play: Play, attempt: int = 1) -> Play:
    """Fork for all the items, batch after batch."""
    while command := next((c for c in play.commands if isinstance(c, ForkItems)), None):
        end = min(play.run.fans[0].total, command.begin + BATCH)
        play.take(ItemsForked("fork", attempt, command.fork, command.begin, end))
    return play


def test_items_are_forked_for_batch_after_batch() -> None:
    play = listed()
    begins = []
    while play.mark("fork") is TaskMark.ACTIVE:
        (command,) = play.commands
        assert isinstance(command, ForkItems)
        begins.append(command.begin)
        end = min(MANY, command.begin + BATCH)
        play.take(ItemsForked("fork", 1, command.fork, command.begin, end))

    assert begins == [0, BATCH, 2 * BATCH]
    assert play.run.fans == {0: Fan(MANY, "listing", forked=MANY)}
    assert play.run.active["wait"].state is ActivityState.AWAITING


def test_no_items_complete_the_fork_and_what_awaits_it() -> None:
    play = listed(0)

    assert play.mark("wait") is TaskMark.COMPLETED
    assert play.dispatched == ["join"]


def test_all_children_together_end_the_task_that_awaits_them() -> None:
    play = forked(listed()).take(ChildrenFinished("fork", "1", MANY))

    assert play.dispatched == ["join"]
    assert play.run.fans[0].completed == MANY


def test_children_that_have_all_ended_before_the_last_batch_is_told() -> None:
    play = listed().take(ChildrenFinished("fork", "1", MANY))
    play.commands = [ForkItems("fork", 1, 0, "1", 0)]

    assert forked(play).dispatched == ["join"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ChildrenFinished("fork", "1", 40, 10, 1, "item 3 (job x)"), "10 failed and 1 cancelled"),
        (ChildrenFinished("fork", "1", 50, 0, 1), "1 cancelled"),
    ],
)
def test_a_child_that_did_not_complete_fails_it(event: ChildrenFinished, words: str) -> None:
    play = forked(listed()).take(event)

    assert play.run.state is RequestState.FAILED
    assert play.run.error_code == ErrorCode.CHILD_FAILED
    assert play.run.error_message.startswith(f"of {MANY} children forked by fork {words}")
    assert play.run.error_message.endswith(event.failures)


def test_what_is_told_twice_changes_nothing() -> None:
    play = listed()
    (first,) = play.commands
    assert play.take(ItemsListed("fork", 1, 3, "other")).rejected
    assert caused_by(play.run, "ItemsListed:fork:1") == (first,)

    batch = ItemsForked("fork", 1, "1", 0, BATCH)
    assert not play.take(batch).rejected
    assert play.take(batch).rejected
    assert caused_by(play.run, "ItemsListed:fork:1") == ()

    forked(play).take(ChildrenFinished("fork", "1", MANY))
    assert play.take(ChildrenFinished("fork", "1", 0, MANY)).rejected
    assert play.run.child(0) is ChildMark.COMPLETED


def test_another_attempt_goes_on_where_the_last_one_failed() -> None:
    play = listed().take(ItemsForked("fork", 1, "1", 0, BATCH))
    play.take(TaskFinished("fork", 1, RequestState.FAILED, error_message="item 30"))

    assert play.commands == [ForkItems("fork", 2, 0, "1", BATCH)]
    assert play.take(ItemsForked("fork", 1, "1", BATCH, 2 * BATCH)).rejected
    play.commands = [ForkItems("fork", 2, 0, "1", BATCH)]
    assert forked(play, attempt=2).mark("fork") is TaskMark.COMPLETED


def test_a_fork_task_that_fails_cancels_what_it_has_forked() -> None:
    play = listed().take(ItemsForked("fork", 1, "1", 0, BATCH))
    play.fails("fork").fails("fork")

    assert play.run.state is RequestState.FAILED
    assert play.commands[0] == CancelItems(0, "1", 0, 2 * BATCH)
    assert play.run.child(0) is ChildMark.CANCELLED


def test_a_cancel_reaches_the_children_that_are_just_made() -> None:
    play = listed().take(ItemsForked("fork", 1, "1", 0, BATCH)).cancel()

    assert play.commands == [CancelItems(0, "1", 0, 2 * BATCH)]
    play.take(ItemsForked("fork", 1, "1", BATCH, 2 * BATCH))
    assert play.commands == [CancelItems(0, "1", BATCH, 2 * BATCH)]
    assert play.run.state is RequestState.CANCELLED


def test_a_cancel_after_the_fork_reaches_all_of_them() -> None:
    assert forked(listed()).cancel().commands == [CancelItems(0, "1", 0, MANY)]


def test_a_pause_stops_the_forking_and_a_resume_goes_on() -> None:
    play = listed().pause().take(ItemsForked("fork", 1, "1", 0, BATCH))
    assert play.commands == []
    assert play.run.active["fork"].state is ActivityState.HELD

    assert play.resume().commands == [ForkItems("fork", 1, 0, "1", BATCH)]
    assert forked(play).mark("fork") is TaskMark.COMPLETED


def failed_fan(*, failed: int = 1, cancelled: int = 0) -> Play:
    """Play until the await has failed, for some of its children did not complete."""
    completed = MANY - failed - cancelled
    return forked(listed()).take(ChildrenFinished("fork", "1", completed, failed, cancelled, "f"))


def test_a_hard_restart_forks_anew_and_takes_nothing_of_the_earlier_children() -> None:
    play = failed_fan().restart(hard=True)

    assert play.run.fans == {}
    assert play.run.forks[0] == "2"
    assert play.take(ChildrenFinished("fork", "1", MANY)).rejected
    play.take(ItemsListed("fork", 1, 3, "listing"))
    assert play.commands == [ForkItems("fork", 1, 0, "2", 0)]
    assert play.take(ItemsForked("fork", 1, "1", 0, 3)).rejected


@pytest.mark.parametrize(("failed", "cancelled"), [(1, 0), (0, 2), (MANY, 0)])
def test_a_restart_goes_on_with_the_items_as_they_were(failed: int, cancelled: int) -> None:
    play = failed_fan(failed=failed, cancelled=cancelled).restart()

    assert play.run.fans == {0: Fan(MANY, "listing", resumed=1)}
    assert play.run.child(0) is ChildMark.RUNNING
    assert play.commands == [ForkItems("fork", 1, 0, "2", 0)]
    forked(play)
    assert play.take(ChildrenFinished("fork", "1", MANY)).rejected
    play.take(ChildrenFinished("fork", "2", MANY))
    assert play.mark("wait") is TaskMark.COMPLETED
    assert play.run.fans[0].completed == MANY


def test_a_second_restart_goes_on_where_the_first_has_ended() -> None:
    play = failed_fan().restart()
    forked(play).take(ChildrenFinished("fork", "2", 50, 1)).restart()

    assert play.run.fans == {0: Fan(MANY, "listing", resumed=2)}
    assert play.run.forks[0] == "3"


def test_a_restart_from_the_fork_task_forks_for_all_items_again() -> None:
    assert failed_fan().restart(from_task="fork").run.fans == {}


def test_a_fork_that_was_broken_off_forks_for_all_items_again() -> None:
    play = listed().take(ItemsForked("fork", 1, "1", 0, BATCH)).cancel().restart()

    assert play.run.fans == {}
    assert play.run.forks[0] == "2"


def test_a_fork_that_was_broken_off_while_it_went_on_forks_for_all_items_again() -> None:
    play = failed_fan().restart().take(ItemsForked("fork", 1, "2", 0, BATCH)).cancel().restart()

    assert play.run.fans == {}
    assert play.run.forks[0] == "3"


def test_a_fork_that_waits_to_go_on_is_hard_restarted_for_all_items() -> None:
    run = failed_fan().run
    waiting = restarted(run, GRAPH, START)
    assert waiting.fans[0].resumed == 1

    assert restarted(waiting, GRAPH, START, hard=True).fans == {}


def test_items_that_are_made_anew_are_forked_for_anew() -> None:
    graph = graph_of(
        node(0, "names", on_completed="fork", allow_start_if_completed=True),
        node(1, "fork", method=TaskMethod.FORK_JOB, on_completed="wait"),
        node(2, "wait", method=TaskMethod.AWAIT_FORKED_JOB, await_forked_tasks=("fork",)),
    )
    play = Play(graph).start().completes("names").take(ItemsListed("fork", 1, 2, "listing"))
    play.take(ItemsForked("fork", 1, "1", 0, 2)).take(ChildrenFinished("fork", "1", 1, 1))

    play.restart().completes("names")

    assert play.run.fans == {}
    assert play.run.forks[1] == "2"


def test_another_version_of_the_job_forks_for_all_items() -> None:
    run = repinned(failed_fan().run, GRAPH, GRAPH, 2)

    assert run.fans[0].failed == 1
    assert not restarted(run, GRAPH, START).fans[0].resumed


def test_a_restart_keeps_the_children_of_a_fork_that_completed() -> None:
    play = forked(listed()).take(ChildrenFinished("fork", "1", MANY)).fails("join").restart()

    assert play.run.fans[0].completed == MANY
    assert play.dispatched == ["join"]


def test_each_item_has_an_id_of_its_own() -> None:
    run = listed().run
    ids = {run.item_request_id(0, fork, item) for fork in "12" for item in range(MANY)}

    assert len(ids) == 2 * MANY
    assert run.child_request_id(0) not in ids


def test_the_run_is_as_large_with_ten_thousand_children_as_with_ten() -> None:
    few, many = forked(listed(10)).run, forked(listed(10_000)).run

    assert few.evolve(fans={}, version=0) == many.evolve(fans={}, version=0)
    assert list(few.fans) == list(many.fans)
