"""Pausing: by a person until resumed, by PAUSE_JOB for a while; and what else people ask for."""

from datetime import timedelta

from formicary.domain.commands import CancelTask, ReturnLease, StartTimer
from formicary.domain.events import (
    JobSubmitted,
    PauseRequested,
    ResumeRequested,
    TaskFinished,
    TimerFired,
    TimerKind,
)
from formicary.domain.job_run import ActivityState
from formicary.domain.states import RequestState, TaskMethod
from tests.unit.domain.engine_play import Play, graph_of, node

STEPS = (node(0, "first", on_completed="second"), node(1, "second"))


def test_a_paused_job_lets_the_running_task_finish_and_starts_no_other() -> None:
    play = Play(graph_of(*STEPS)).start().pause()
    assert play.state is RequestState.EXECUTING
    play.completes("first")
    assert (play.dispatched, play.state) == ([], RequestState.PAUSED)
    assert play.resume().dispatched == ["second"]
    assert play.state is RequestState.EXECUTING
    assert play.completes("second").state is RequestState.COMPLETED


def test_a_job_whose_last_task_ends_during_a_pause_completes() -> None:
    play = Play(graph_of(node(0, "only"))).start().pause().completes("only")
    assert play.state is RequestState.COMPLETED
    assert not play.run.hold


def test_a_job_whose_walk_ends_in_a_pause_is_not_paused_while_it_tidies_up() -> None:
    """Seed 113575 of the simulator: a task that tidied up was taken for one that rests."""
    tasks = (
        node(0, "fork", method=TaskMethod.FORK_JOB, on_completed="wait"),
        node(1, "wait", method=TaskMethod.AWAIT_FORKED_JOB, await_forked_tasks=("fork",)),
        node(2, "tidy", always_run=True),
    )
    awaited = Play(graph_of(*tasks)).start().forks("fork").pause()
    cancelled = Play(graph_of(*tasks)).start().forks("fork").pause()
    assert awaited.state is cancelled.state is RequestState.PAUSED

    for play in (awaited.child_ends("fork", RequestState.COMPLETED), cancelled.cancel()):
        assert play.dispatched == ["tidy"]
        assert play.state is RequestState.EXECUTING


def test_pause_now_interrupts_the_task_which_runs_again_as_another_attempt() -> None:
    play = Play(graph_of(*STEPS)).start().pause(now=True)
    assert play.commands == [CancelTask("first", 1)]
    assert play.state is RequestState.PAUSED
    assert play.take(TaskFinished("first", 1, RequestState.CANCELLED)).rejected
    assert play.resume().dispatched == ["first"]
    assert play.run.active["first"].attempt == 2
    assert play.run.active["first"].failures == 0


def test_a_paused_job_gives_back_once_what_its_tasks_have_leased_in_earlier_attempts() -> None:
    play = Play(graph_of(node(0, "leasing", leases=True)))
    play.start().pause(now=True)
    assert [c for c in play.commands if isinstance(c, ReturnLease)] == [ReturnLease("leasing", 1)]
    assert play.run.active["leasing"].attempt == 2
    play.resume()
    assert not [c for c in play.commands if isinstance(c, ReturnLease)]


def test_a_retry_that_comes_due_during_a_pause_waits_for_its_end() -> None:
    graph = graph_of(node(0, "work", retry=1, delay_seconds=5))
    play = Play(graph).start().fails("work")
    timer = next(c for c in play.commands if isinstance(c, StartTimer))
    assert play.pause().state is RequestState.PAUSED
    play.take(TimerFired(timer.timer, "work", timer.attempt, timer.fire_at))
    assert play.run.active["work"].state is ActivityState.HELD
    assert play.resume().dispatched == ["work"]


def test_a_pending_job_that_is_paused_does_not_start_until_resumed() -> None:
    play = Play(graph_of(*STEPS)).pause()
    assert play.state is RequestState.PAUSED
    assert play.take(JobSubmitted()).rejected
    assert play.resume().dispatched == ["first"]


def test_time_stands_still_for_the_timeout_of_the_job() -> None:
    play = Play(graph_of(*STEPS, timeout_seconds=60)).start()
    late = play.run.deadline
    assert late is not None
    play.later(50).pause(now=True).later(100)
    assert play.take(TimerFired(TimerKind.JOB_TIMEOUT, "", 0, late)).rejected
    play.resume()
    assert play.run.deadline == late + timedelta(seconds=100)
    assert play.take(TimerFired(TimerKind.JOB_TIMEOUT, "", 0, late)).rejected
    play.take(play_resume_timer(play))
    assert play.state is RequestState.FAILED


def play_resume_timer(play: Play) -> TimerFired:
    assert play.run.deadline is not None
    play.now = play.run.deadline
    return TimerFired(TimerKind.JOB_TIMEOUT, "", 0, play.run.deadline)


def test_pause_job_holds_for_its_time_and_runs_the_task_again() -> None:
    graph = graph_of(node(0, "check", exit_routes={"3": "PAUSE_JOB"}), pause_seconds=45)
    play = Play(graph).start().fails("check", "3")
    assert play.state is RequestState.PAUSED
    before = play.now
    assert play.fires(TimerKind.PAUSE).dispatched == ["check"]
    assert (play.now - before).total_seconds() == 45
    assert play.run.active["check"].attempt == 2
    assert play.completes("check").state is RequestState.COMPLETED


def test_pause_job_can_be_resumed_before_its_time_and_its_timer_comes_to_nothing() -> None:
    graph = graph_of(node(0, "check", exit_routes={"3": "PAUSE_JOB"}))
    play = Play(graph).start().fails("check", "3")
    timer = next(c for c in play.commands if isinstance(c, StartTimer))
    assert play.resume().dispatched == ["check"]
    assert play.take(TimerFired(timer.timer, "", timer.attempt, timer.fire_at)).rejected


def test_a_person_takes_over_a_timed_pause() -> None:
    graph = graph_of(node(0, "check", exit_routes={"3": "PAUSE_JOB"}))
    play = Play(graph).start().fails("check", "3")
    timer = next(c for c in play.commands if isinstance(c, StartTimer))
    play.pause()
    assert play.take(TimerFired(timer.timer, "", timer.attempt, timer.fire_at)).rejected
    assert play.resume().dispatched == ["check"]


def test_verbs_that_come_twice_or_cross_change_nothing_more() -> None:
    play = Play(graph_of(*STEPS)).start()
    pause, resume = PauseRequested(after=0), ResumeRequested(1)
    play.take(pause)
    assert play.take(pause).rejected
    play.take(resume)
    assert play.take(resume).rejected
    assert play.take(pause).rejected
    assert not play.run.hold


def test_a_paused_job_can_be_cancelled() -> None:
    play = Play(graph_of(*STEPS)).start().pause(now=True).cancel()
    assert play.state is RequestState.CANCELLED
    assert not play.run.hold


def test_a_paused_job_that_waits_for_its_retry_begins_it_when_resumed() -> None:
    play = Play(graph_of(node(0, "work"), retry=1, delay_seconds=30)).start().fails("work").pause()
    assert play.state is RequestState.PAUSED
    assert play.later(60).resume().dispatched == ["work"]


def test_trigger_runs_a_scheduled_request_now() -> None:
    play = Play(graph_of(*STEPS))
    play.run = play.run.evolve(scheduled_at=play.now + timedelta(days=400))
    assert play.start().dispatched == []
    assert play.trigger().dispatched == ["first"]
    assert play.trigger().rejected


def test_restart_from_a_task_runs_it_and_what_follows() -> None:
    graph = graph_of(node(0, "a", on_completed="b"), node(1, "b", on_completed="c"), node(2, "c"))
    play = Play(graph).start().completes("a").completes("b").completes("c")
    assert play.restart(from_task="b").dispatched == ["b"]
    assert play.completes("b").dispatched == ["c"]
    assert play.completes("c").restart(from_task="nowhere").rejected


def test_restart_from_a_task_passes_over_what_failed_before_it() -> None:
    graph = graph_of(node(0, "a", on_completed="b"), node(1, "b"))
    play = Play(graph).start().fails("a").restart(from_task="b")
    assert play.dispatched == ["b"]
    assert play.completes("b").state is RequestState.COMPLETED
