"""Retry of the whole job, RESTART_JOB, growing delays, skip_if and max_wait."""

from datetime import timedelta

import pytest

from formicary.domain.backoff import retry_delay
from formicary.domain.commands import CancelTask, StartTimer
from formicary.domain.events import TaskFinished, TaskStarted, TimerFired, TimerKind
from formicary.domain.job_graph import Backoff
from formicary.domain.job_run import Phase
from formicary.domain.states import ErrorCode, RequestState, TaskMark, TaskMethod
from tests.unit.domain.engine_play import START, Play, graph_of, node

STEPS = (
    node(0, "setup", on_completed="work"),
    node(1, "work", on_completed="ship"),
    node(2, "ship"),
    node(3, "clean", always_run=True),
)


def test_a_failed_job_runs_again_from_what_failed_after_its_delay() -> None:
    play = Play(graph_of(*STEPS, retry=1, delay_seconds=30)).start()
    first = play.run.execution_id
    play.completes("setup").fails("work", "7")
    assert (play.state, play.run.phase) == (RequestState.PENDING, Phase.RETRYING)
    assert play.run.error_code == ErrorCode.TASK_EXECUTE
    assert play.run.scheduled_at == START + timedelta(seconds=30)

    play.fires(TimerKind.JOB_RETRY)
    assert play.dispatched == ["work"]
    assert play.run.execution_id != first
    assert play.run.error_code == ""
    play.completes("work").completes("ship").completes("clean")
    assert play.state is RequestState.COMPLETED


def test_always_run_tasks_run_once_when_no_retry_is_left() -> None:
    play = Play(graph_of(*STEPS, retry=1)).start().fails("setup")
    assert play.mark("clean") is TaskMark.NOT_RUN
    play.fires(TimerKind.JOB_RETRY).fails("setup")
    assert play.dispatched == ["clean"]
    assert play.completes("clean").state is RequestState.FAILED
    assert play.run.retried == 1


def test_every_nth_retry_runs_all_tasks_again() -> None:
    play = Play(graph_of(*STEPS, retry=3, hard_reset_after_retries=2)).start().completes("setup")
    assert play.fails("work").fires(TimerKind.JOB_RETRY).dispatched == ["work"]
    assert play.fails("work").fires(TimerKind.JOB_RETRY).dispatched == ["setup"]


def test_a_fatal_failure_is_not_retried_by_the_job() -> None:
    graph = graph_of(node(0, "work", exit_routes={"9": "FATAL"}), retry=5)
    assert Play(graph).start().fails("work", "9").state is RequestState.FAILED


def test_a_restart_by_hand_gives_the_job_its_retries_back() -> None:
    play = Play(graph_of(node(0, "work"), retry=1)).start().fails("work")
    play.fires(TimerKind.JOB_RETRY).fails("work")
    assert play.state is RequestState.FAILED
    assert play.restart().fails("work").run.phase is Phase.RETRYING


def test_a_job_that_waits_for_its_retry_can_be_cancelled_and_cleans_up() -> None:
    play = Play(graph_of(*STEPS, retry=1, delay_seconds=99)).start().fails("setup").cancel()
    assert play.dispatched == ["clean"]
    assert play.completes("clean").state is RequestState.CANCELLED


def test_trigger_runs_the_retry_now_and_its_timer_comes_to_nothing() -> None:
    play = Play(graph_of(node(0, "work"), retry=1, delay_seconds=99)).start().fails("work")
    timer = next(c for c in play.commands if isinstance(c, StartTimer))
    assert play.trigger().dispatched == ["work"]
    assert play.take(TimerFired(timer.timer, "", timer.attempt, timer.fire_at)).rejected


def test_a_timeout_holds_for_each_execution_and_is_retried() -> None:
    play = Play(graph_of(*STEPS, retry=1, timeout_seconds=60)).start()
    play.fires(TimerKind.JOB_TIMEOUT)
    assert CancelTask("setup", 1) in play.commands
    assert play.run.phase is Phase.RETRYING
    play.fires(TimerKind.JOB_RETRY)
    assert play.dispatched == ["setup"]
    assert play.run.deadline == play.now + timedelta(seconds=60)


def test_restart_job_begins_again_at_once_and_keeps_what_completed() -> None:
    graph = graph_of(
        node(0, "setup", on_completed=("work", "other")),
        node(1, "work", exit_routes={"2": "RESTART_JOB"}, retry=3),
        node(2, "other"),
    )
    play = Play(graph).start().completes("setup").fails("work", "2")
    assert CancelTask("other", 1) in play.commands
    assert play.fires(TimerKind.JOB_RETRY).dispatched == ["work", "other"]
    assert play.run.job_retries == 0
    assert play.completes("work").completes("other").state is RequestState.COMPLETED


def test_restart_job_stops_at_max_restarts() -> None:
    graph = graph_of(node(0, "work", exit_routes={"2": "RESTART_JOB"}), max_restarts=2, retry=9)
    play = Play(graph).start()
    for _ in range(2):
        play.fails("work", "2").fires(TimerKind.JOB_RETRY)
    assert play.fails("work", "2").run.error_code == ErrorCode.RESTART_LIMIT
    assert play.state is RequestState.FAILED


def test_on_failed_restarts_the_job_when_the_retries_of_the_task_are_used_up() -> None:
    play = Play(graph_of(node(0, "work", on_failed="RESTART_JOB", retry=1))).start()
    assert play.fails("work").dispatched == ["work"]
    assert play.fails("work").run.phase is Phase.RETRYING


def test_a_restart_runs_a_completed_task_again_that_allows_it_and_then_what_failed() -> None:
    graph = graph_of(
        node(0, "login", allow_start_if_completed=True, on_completed="fetch"),
        node(1, "fetch", on_completed="load"),
        node(2, "load"),
        retry=1,
    )
    play = Play(graph).start().completes("login").completes("fetch").fails("load")
    assert play.fires(TimerKind.JOB_RETRY).dispatched == ["login"]
    assert play.run.marks == "aCl"
    assert play.completes("login").dispatched == ["load"]
    assert play.completes("load").state is RequestState.COMPLETED


def test_what_failed_waits_when_the_repeated_task_fails_now() -> None:
    graph = graph_of(
        node(0, "login", allow_start_if_completed=True, on_completed="load"), node(1, "load")
    )
    play = Play(graph).start().completes("login").fails("load").restart().fails("login")
    assert play.state is RequestState.FAILED
    assert play.restart().dispatched == ["login"]


def test_a_skipped_job_completes_and_runs_no_task() -> None:
    play = Play(graph_of(*STEPS, skipped=True)).start()
    assert (play.state, play.run.exit_code) == (RequestState.COMPLETED, "SKIPPED")
    assert play.commands == []


def test_a_task_that_no_ant_takes_fails_after_max_wait() -> None:
    play = Play(graph_of(node(0, "work", retry=1), max_wait_seconds=60)).start()
    play.fires(TimerKind.ANT_WAIT)
    assert CancelTask("work", 1) in play.commands
    assert play.dispatched == ["work"]
    assert play.fires(TimerKind.ANT_WAIT).run.error_code == ErrorCode.ANTS_UNAVAILABLE


def test_a_task_that_an_ant_runs_does_not_wait_any_more() -> None:
    play = Play(graph_of(node(0, "work"), max_wait_seconds=60)).start()
    timer = next(c for c in play.commands if isinstance(c, StartTimer))
    play.take(TaskStarted("work", 1, "ant", "host", START))
    play.commands = [timer]
    assert play.fires().rejected


def test_delays_grow_by_the_factor_up_to_the_longest() -> None:
    policy = Backoff(2, 30, 3)
    assert [retry_delay(0, policy, n, "") for n in range(4)] == [2, 6, 18, 30]
    assert retry_delay(5, None, 3, "") == 5


def test_jitter_is_the_same_for_the_same_try_and_stays_within_the_bounds() -> None:
    policy = Backoff(2, 30, 3, jitter=True)
    delays = [retry_delay(0, policy, n, f"seed{n}") for n in range(50)]
    assert delays == [retry_delay(0, policy, n, f"seed{n}") for n in range(50)]
    assert all(2 <= delay <= 30 for delay in delays)
    assert len(set(delays)) > 40


@pytest.mark.parametrize("tries", [1, 1000, 10**9])
def test_a_delay_is_finite_however_often_was_tried(tries: int) -> None:
    assert retry_delay(0, Backoff(1, None, 100), tries, "") <= 366 * 86400


def test_the_second_delay_of_a_task_is_the_longer_one() -> None:
    play = Play(graph_of(node(0, "work", retry=2, backoff=Backoff(1, None, 10)))).start()
    waits = []
    for _ in range(2):
        play.fails("work")
        timer = next(c for c in play.commands if isinstance(c, StartTimer))
        waits.append((timer.fire_at - play.now).total_seconds())
        play.fires()
    assert waits == [1, 10]


def test_a_late_result_of_an_interrupted_execution_changes_nothing() -> None:
    graph = graph_of(node(0, "work"), retry=1, timeout_seconds=60)
    play = Play(graph).start().fires(TimerKind.JOB_TIMEOUT)
    assert play.take(TaskFinished("work", 1, RequestState.COMPLETED, "0")).rejected


def test_an_await_that_follows_an_await_needs_no_deep_stack() -> None:
    awaits = [
        node(
            n,
            f"wait-{n}",
            method=TaskMethod.AWAIT_FORKED_JOB,
            await_forked_tasks=("fork",),
            on_completed=f"wait-{n + 1}" if n < 900 else (),
        )
        for n in range(1, 901)
    ]
    fork = node(0, "fork", method=TaskMethod.FORK_JOB, on_completed="wait-1")
    play = Play(graph_of(fork, *awaits)).start().forks("fork")
    assert play.child_ends("fork", RequestState.COMPLETED).state is RequestState.COMPLETED
