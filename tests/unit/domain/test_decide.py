"""What happens to a run: the walk, failures, retries, finalizers, children, cancel and restart."""

from datetime import timedelta

import pytest

from formicary.domain.commands import DispatchTask, NotifyParent, StartTimer
from formicary.domain.events import (
    JobSubmitted,
    TaskFinished,
    TaskLost,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TimerKind,
    event_key,
)
from formicary.domain.job_run import ActivityState, ParentLink, Phase
from formicary.domain.outbox import caused_by
from formicary.domain.states import ErrorCode, RequestState, TaskMark, TaskMethod
from tests.unit.domain.engine_play import START, Play, graph_of, node

SEQUENCE = graph_of(
    node(0, "extract", on_completed="transform"),
    node(1, "transform", on_completed="load"),
    node(2, "load"),
)


def test_a_sequence_runs_one_task_after_the_other_and_completes() -> None:
    play = Play(SEQUENCE).start()
    assert play.dispatched == ["extract"]
    assert play.run.state is RequestState.EXECUTING

    assert play.completes("extract").dispatched == ["transform"]
    assert play.completes("transform").dispatched == ["load"]
    play.completes("load")

    assert play.run.state is RequestState.COMPLETED
    assert play.run.marks == "CCC"
    assert play.run.phase is Phase.ENDED


def test_an_event_that_comes_twice_is_applied_once() -> None:
    play = Play(SEQUENCE).start()
    play.take(JobSubmitted())
    assert play.rejected

    first = TaskFinished("extract", 1, RequestState.COMPLETED, "0")
    play.take(first).take(first)

    assert play.rejected
    assert set(play.run.active) == {"transform"}


def test_a_start_timer_makes_good_a_start_that_died_while_another_took_it_for_early() -> None:
    play = Play(SEQUENCE)
    play.run = play.run.evolve(scheduled_at=START + timedelta(seconds=5))
    (waiting,) = play.start().commands
    assert isinstance(waiting, StartTimer)
    # The submit was delivered twice: this function's clock is ahead, and it dies after its commit.
    play.now = START + timedelta(seconds=6)
    assert play.start().dispatched == ["extract"]

    timer = TimerFired(TimerKind.START, fire_at=START + timedelta(seconds=5))

    assert play.take(timer).rejected
    assert caused_by(play.run, event_key(timer)) == (DispatchTask("extract", 1),)


def test_an_exit_code_that_leads_to_a_task_is_a_declared_outcome() -> None:
    graph = graph_of(
        node(0, "choose", exit_routes={"2": "tuesday"}, on_completed="monday", on_failed="oops"),
        node(1, "monday"),
        node(2, "tuesday"),
        node(3, "oops"),
    )
    play = Play(graph).start().fails("choose", "2")
    assert play.dispatched == ["tuesday"]
    play.completes("tuesday")
    assert play.run.state is RequestState.COMPLETED
    assert play.mark("choose") is TaskMark.COMPLETED


def test_a_failure_routed_by_on_failed_cleans_up_and_the_job_still_fails() -> None:
    graph = graph_of(
        node(0, "build", on_failed="clean", on_completed="ship"), node(1, "clean"), node(2, "ship")
    )
    play = Play(graph).start().fails("build", "7")
    assert play.dispatched == ["clean"]
    play.completes("clean")
    assert play.run.state is RequestState.FAILED
    assert (play.run.exit_code, play.run.error_code) == ("7", ErrorCode.TASK_EXECUTE)


def test_a_failure_that_is_allowed_goes_on_as_if_completed() -> None:
    graph = graph_of(node(0, "lint", allow_failure=True, on_completed="build"), node(1, "build"))
    play = Play(graph).start().fails("lint")
    assert play.dispatched == ["build"]
    assert play.completes("build").run.state is RequestState.COMPLETED
    assert play.mark("lint") is TaskMark.ALLOWED


def test_an_allowed_failure_at_the_end_completes_the_job() -> None:
    play = Play(graph_of(node(0, "lint", allow_failure=True))).start().fails("lint")
    assert play.run.state is RequestState.COMPLETED


def test_retry_three_is_up_to_four_runs() -> None:
    play = Play(graph_of(node(0, "flaky", retry=3))).start()
    for attempt in (1, 2, 3):
        assert play.run.active["flaky"].attempt == attempt
        assert play.fails("flaky").dispatched == ["flaky"]
    assert play.fails("flaky").run.state is RequestState.FAILED


def test_a_delay_between_retries_is_a_durable_timer() -> None:
    play = Play(graph_of(node(0, "flaky", retry=1, delay_seconds=30))).start().fails("flaky")
    assert play.dispatched == []
    timer = play.commands[0]
    assert isinstance(timer, StartTimer)
    assert (timer.fire_at - START).total_seconds() == 30

    assert play.fires().dispatched == ["flaky"]
    assert play.completes("flaky").run.state is RequestState.COMPLETED


def test_a_retry_timer_that_fires_twice_dispatches_once() -> None:
    play = Play(graph_of(node(0, "flaky", retry=1, delay_seconds=30))).start().fails("flaky")
    timer = play.commands[0]
    play.fires()
    play.commands = [timer]
    assert play.fires().rejected


@pytest.mark.parametrize("target", ["FATAL", "ERR_DISK_FULL", "FAILED"])
def test_special_targets_of_an_exit_code_fail_the_task(target: str) -> None:
    graph = graph_of(node(0, "work", retry=1, exit_routes={"9": target}))
    play = Play(graph).start().fails("work", "9")
    if target == "FATAL":
        assert play.run.error_code == ErrorCode.FATAL
    else:
        assert play.dispatched == ["work"]
        expected = target if target.startswith("ERR_") else ErrorCode.TASK_EXECUTE
        assert play.fails("work", "9").run.error_code == expected
    assert play.run.state is RequestState.FAILED


def test_an_exit_code_mapped_to_completed_completes_the_task() -> None:
    graph = graph_of(
        node(0, "grep", exit_routes={"1": "COMPLETED"}, on_completed="next"), node(1, "next")
    )
    assert Play(graph).start().fails("grep", "1").dispatched == ["next"]


def test_a_fork_that_leads_to_completed_ends_the_path() -> None:
    graph = graph_of(node(0, "fork", method=TaskMethod.FORK_JOB, on_completed="COMPLETED"))
    assert Play(graph).start().forks("fork").run.state is RequestState.COMPLETED


def test_executing_polls_again_until_the_timeout_of_the_task() -> None:
    graph = graph_of(
        node(0, "sensor", exit_routes={"3": "EXECUTING"}, delay_seconds=10, timeout_seconds=25)
    )
    play = Play(graph).start()
    for _ in range(2):
        play.fails("sensor", "3")
        assert play.run.state is RequestState.EXECUTING
        play.fires()
    play.fails("sensor", "3")
    assert play.run.error_code == ErrorCode.TASK_TIMED_OUT


def test_always_run_tasks_run_after_a_failure_in_order_and_do_not_change_it() -> None:
    graph = graph_of(
        node(0, "work", on_completed="more"),
        node(1, "more"),
        node(2, "logs", always_run=True),
        node(3, "clean", always_run=True),
    )
    play = Play(graph).start().fails("work")
    assert play.dispatched == ["logs"]
    assert play.fails("logs").dispatched == ["clean"]
    play.completes("clean")
    assert play.run.state is RequestState.FAILED
    assert play.mark("more") is TaskMark.NOT_RUN


def test_a_finalizer_that_ends_at_once_does_not_hold_the_run() -> None:
    graph = graph_of(
        node(0, "work", on_completed="fork"),
        node(1, "fork", method=TaskMethod.FORK_JOB),
        node(
            2,
            "wait",
            method=TaskMethod.AWAIT_FORKED_JOB,
            await_forked_tasks=("fork",),
            always_run=True,
        ),
    )
    assert Play(graph).start().fails("work").run.state is RequestState.FAILED


def test_an_always_run_task_that_nobody_routes_to_runs_last_after_success() -> None:
    graph = graph_of(node(0, "work"), node(1, "clean", always_run=True))
    play = Play(graph).start().completes("work", "0")
    assert play.dispatched == ["clean"]
    play.fails("clean", "5")
    assert play.run.state is RequestState.COMPLETED
    assert play.run.exit_code == "0"


def test_a_lost_ant_costs_no_retry_and_its_late_result_changes_nothing() -> None:
    play = Play(graph_of(node(0, "work"))).start()
    play.take(TaskRedelivered("work", 1, "ant-2"))
    assert play.run.active["work"].attempt == 2

    play.take(TaskFinished("work", 1, RequestState.COMPLETED, "0"))
    assert play.rejected
    play.take(TaskFinished("work", 2, RequestState.COMPLETED, "0"))
    assert play.run.state is RequestState.COMPLETED


def test_a_message_that_is_redelivered_again_becomes_yet_another_attempt() -> None:
    play = Play(graph_of(node(0, "work"))).start()
    play.take(TaskRedelivered("work", 1, "ant-2")).take(TaskRedelivered("work", 1, "ant-3"))
    assert play.run.active["work"].attempt == 3
    assert play.run.active["work"].ant_id == "ant-3"


def test_a_started_task_shows_its_ant() -> None:
    play = Play(graph_of(node(0, "work"))).start()
    play.take(TaskStarted("work", 1, "ant-1", "host", START))
    assert play.run.active["work"].state is ActivityState.EXECUTING
    assert play.run.active["work"].ant_id == "ant-1"


def test_a_job_that_takes_longer_than_its_timeout_fails_after_its_finalizers() -> None:
    graph = graph_of(node(0, "work"), node(1, "clean", always_run=True), timeout_seconds=60)
    play = Play(graph).start()
    play.commands = [c for c in play.commands if isinstance(c, StartTimer)]
    assert play.commands[0].timer is TimerKind.JOB_TIMEOUT
    play.fires()
    play.take(TaskFinished("work", 1, RequestState.CANCELLED))
    play.completes("clean")
    assert play.run.error_code == ErrorCode.JOB_TIMED_OUT


def test_a_child_tells_its_parent_when_it_ends() -> None:
    play = Play(graph_of(node(0, "work")))
    play.run = play.run.evolve(parent=ParentLink("01PARENT", "e", "fork", "proof"))
    play.start().completes("work")
    assert play.commands == [NotifyParent()]


def test_parallel_routes_run_at_once_and_the_job_ends_when_all_have() -> None:
    graph = graph_of(node(0, "split", on_completed=("a", "b")), node(1, "a"), node(2, "b"))
    play = Play(graph).start().completes("split")
    assert play.dispatched == ["a", "b"]
    assert play.completes("a").run.state is RequestState.EXECUTING
    assert play.completes("b").run.state is RequestState.COMPLETED


def test_context_set_by_a_task_is_kept_for_later_ones() -> None:
    play = Play(SEQUENCE).start().completes("extract", rows="12")
    assert play.run.context == {"rows": "12"}


def test_a_context_that_would_not_fit_fails_the_task_with_words() -> None:
    play = Play(SEQUENCE).start().completes("extract", rows="x" * 200_000)
    assert play.run.error_code == ErrorCode.VALIDATION
    assert "artifacts" in play.run.error_message
    assert play.run.context == {}


def test_the_outbox_holds_what_is_still_due_and_nothing_else() -> None:
    play = Play(SEQUENCE).start()
    assert [entry.cause for entry in play.run.outbox] == ["JobSubmitted"]
    play.completes("extract")
    assert [entry.cause for entry in play.run.outbox] == ["TaskFinished:extract:1"]


def test_a_message_that_was_lost_is_sent_again_as_the_same_attempt() -> None:
    play = Play(graph_of(node(0, "work"))).start()
    play.take(TaskLost("work", 1))

    assert play.dispatched == ["work"]
    assert play.run.active["work"].attempt == 1
    assert DispatchTask("work", 1, again=True) in play.commands


def test_what_was_sent_again_is_claimed_as_a_new_attempt_but_not_while_an_ant_works_on_it() -> None:
    play = Play(graph_of(node(0, "work"))).start().take(TaskLost("work", 1))
    play.take(TaskRedelivered("work", 1, "ant-2", 1))
    assert play.run.active["work"].attempt == 2

    play.take(TaskRedelivered("work", 1, "ant-3", 1))
    assert play.rejected
    play.take(TaskRedelivered("work", 1, "ant-3", 2))
    assert play.run.active["work"].attempt == 3


def test_an_ant_that_turns_out_to_have_the_lost_message_keeps_the_task() -> None:
    play = Play(graph_of(node(0, "work"))).start().take(TaskLost("work", 1))
    play.take(TaskStarted("work", 1, "ant-1", "host", START))

    play.take(TaskRedelivered("work", 1, "ant-2", 1))
    assert play.rejected
    play.completes("work")
    assert play.run.state is RequestState.COMPLETED


def test_an_attempt_that_was_lost_after_it_began_is_followed_by_a_new_one() -> None:
    play = Play(graph_of(node(0, "work"))).start()
    play.take(TaskStarted("work", 1, "ant-1", "host", START)).take(TaskLost("work", 1))

    assert play.run.active["work"].attempt == 2
    assert play.dispatched == ["work"]
    play.take(TaskRedelivered("work", 1, "ant-1", 2))
    assert play.rejected


def test_a_task_that_ended_meanwhile_is_not_lost() -> None:
    play = Play(graph_of(node(0, "work"))).start()
    play.take(TaskLost("work", 2))
    assert play.rejected
    play.completes("work").take(TaskLost("work", 1))
    assert play.rejected
