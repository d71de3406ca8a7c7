"""What happens to a run as a whole: its beginning, its timers, and what people ask for."""

from datetime import datetime

from formicary.domain.commands import StartTimer
from formicary.domain.events import (
    CancelRequested,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    SlotFreed,
    SlotsGranted,
    TimerFired,
    TimerKind,
    TriggerRequested,
)
from formicary.domain.job_run import LATE, Hold, Occurrence, Phase
from formicary.domain.restart import restarted
from formicary.domain.rule_table import ENDED, RETRYING, WAITING, WALKING, RejectedError, Rule
from formicary.domain.schedule import has_left
from formicary.domain.states import SKIPPED_EXIT_CODE, ErrorCode, RequestState
from formicary.domain.walk import Walk


def start_when_due(walk: Walk, _event: JobSubmitted | TimerFired) -> None:
    """Begin at the starts of the graph (or where a restart begins), or wait for `scheduled_at`.

    `skip_if` ends the run as COMPLETED at once.
    """
    if walk.run.hold:
        raise RejectedError("the run is paused")
    _start(walk)


def _start(walk: Walk) -> None:
    run = walk.run
    if run.scheduled_at > walk.now:
        walk.commands.append(StartTimer(TimerKind.START, run.scheduled_at))
    elif run.occurrence and not run.retried and _is_missed(run.occurrence, walk.now):
        walk.fail_job(ErrorCode.JOB_CANCELLED, "missed its time (cron_catch_up: none)")
        walk.finish_unstarted(RequestState.CANCELLED)
    elif run.occurrence and (fault := _fault_of(run.occurrence)):
        walk.fail_job(ErrorCode.VALIDATION, fault)
        walk.finish_unstarted(RequestState.FAILED)
    elif walk.graph.policy.skipped and not _has_tried(walk):
        walk.finish_unstarted(RequestState.COMPLETED, SKIPPED_EXIT_CODE)
    else:
        walk.enter()


def _fault_of(occurrence: Occurrence) -> str:
    names = ", ".join(occurrence.missing)
    missing = f"nothing gives a value to required_params {names}; set them in job_variables"
    return occurrence.fault or (missing if names else "")


def _is_missed(occurrence: Occurrence, now: datetime) -> bool:
    return occurrence.only_in_time and now > occurrence.fire_at + LATE


def ask_for_slots_again(walk: Walk, event: SlotFreed) -> None:
    """Try to pass the gates that the run stands in line at."""
    if not _waits_for_slots(walk, event.stint):
        raise RejectedError("these slots are not those that the run waits for")
    walk.ask_for_slots(waited=True)


def begin_with_slots(walk: Walk, event: SlotsGranted) -> None:
    """Begin, or go on after a pause: the run has the slots of its gates."""
    if not _waits_for_slots(walk, event.stint):
        raise RejectedError("these slots are not those that the run waits for")
    walk.change(holds_slots=True)
    if walk.run.phase is Phase.WALKING:
        walk.resume()
    else:
        walk.begin()


def _waits_for_slots(walk: Walk, stint: int) -> bool:
    run = walk.run
    return run.stint == stint and (run.phase is Phase.WAITING or run.hold is Hold.SLOT)


def _has_tried(walk: Walk) -> bool:
    """Whether earlier executions belong to the same try of somebody who started the run."""
    return walk.run.job_retries + walk.run.job_restarts > 0


def start_next_execution(walk: Walk, event: TimerFired) -> None:
    """Begin the execution that `retry` of the job or RESTART_JOB calls for.

    Every `hard_reset_after_retries`-th runs all tasks again.
    """
    if walk.run.hold:
        raise RejectedError("the run is paused")
    if event.attempt != walk.run.retried + 1:
        raise RejectedError("the timer is one of an earlier execution")
    _start_next_execution(walk)


def _start_next_execution(walk: Walk) -> None:
    run = walk.run
    every = walk.graph.policy.hard_reset_after_retries
    hard = every > 0 and (run.job_retries + run.job_restarts) % every == 0
    walk.cancel_untold_children()
    walk.return_leases_again()
    walk.run = restarted(run, walk.graph, walk.now, hard=hard)
    walk.active.clear()
    _start(walk)


def time_job_out(walk: Walk, _event: TimerFired) -> None:
    """Cancel what is active, the children too, and end the execution as failed.

    A pause moves the deadline on.
    """
    run = walk.run
    if run.hold:
        raise RejectedError("the run is paused, and its time stands still")
    if run.deadline is not None and run.deadline > walk.now:
        raise RejectedError("a pause has moved the deadline on")
    limit = walk.graph.policy.timeout_seconds or 0
    walk.fail_job(ErrorCode.JOB_TIMED_OUT, f"the job took longer than its timeout of {limit:g} s")
    walk.stop(RequestState.FAILED, children=True)


def cancel(walk: Walk, event: CancelRequested) -> None:
    """Cancel what is active and the children; `always_run` tasks run, if any task has."""
    if event.unbegun and has_left(walk.run):
        raise RejectedError("the occurrence has begun already")
    walk.fail_job(ErrorCode.JOB_CANCELLED, event.reason or "cancelled")
    if walk.run.phase is WAITING and not _has_tried(walk):
        # One that was restarted has those of the forks that are kept.
        walk.cancel_children()
        walk.finish_unstarted(RequestState.CANCELLED)
    else:
        walk.stop(RequestState.CANCELLED, children=True)


def restart(walk: Walk, event: RestartRequested) -> None:
    """Begin a new execution: what did not complete, all (`hard`), or `from` one task on."""
    if event.from_task and not walk.graph.has(event.from_task):
        raise RejectedError(f"the job has no task {event.from_task!r}")
    walk.cancel_untold_children()
    walk.return_leases_again()
    run = walk.run.evolve(job_retries=0, job_restarts=0)
    walk.run = restarted(run, walk.graph, walk.now, hard=event.hard, from_task=event.from_task)
    walk.active.clear()
    _start(walk)


def pause(walk: Walk, event: PauseRequested) -> None:
    """Hold the run until it is resumed: nothing new begins.

    What an ant runs ends first; with `now` it is interrupted, and runs again later.
    """
    run = walk.run
    if event.after != run.holds:
        raise RejectedError("the run was paused by somebody else at the same time")
    if run.hold is Hold.USER:
        raise RejectedError("the run is paused already")
    if run.hold is Hold.SLOT:
        walk.leave()
    walk.hold(Hold.USER)
    if run.phase is not Phase.WALKING:
        walk.change(state=RequestState.PAUSED)
        if run.phase is WAITING:
            walk.leave()
    elif event.now:
        walk.interrupt()


def resume(walk: Walk, event: ResumeRequested) -> None:
    """End the pause: what it held back has its turn."""
    if not walk.run.hold or event.hold != walk.run.holds:
        raise RejectedError("the run is not paused, or paused anew")
    _resume(walk)


def end_timed_pause(walk: Walk, event: TimerFired) -> None:
    """End the pause that PAUSE_JOB made, after `pause_time`."""
    if walk.run.hold is not Hold.TIMED or event.attempt != walk.run.holds:
        raise RejectedError("that pause has ended, or was taken over by somebody")
    _resume(walk)


def _resume(walk: Walk) -> None:
    if walk.run.phase is Phase.WALKING and walk.run.needs_slots:
        walk.change(hold=Hold.SLOT)
        walk.ask_for_slots()
        return
    walk.resume()
    run = walk.run
    if run.phase is Phase.WALKING:
        return
    walk.change(state=RequestState.PENDING)
    if run.phase is Phase.WAITING:
        _start(walk)
    elif run.scheduled_at > walk.now:
        number = run.retried + 1
        walk.commands.append(StartTimer(TimerKind.JOB_RETRY, run.scheduled_at, attempt=number))
    else:
        _start_next_execution(walk)


def trigger(walk: Walk, _event: TriggerRequested) -> None:
    """Run a scheduled request, or the retry that a job waits for, now."""
    if walk.run.hold:
        raise RejectedError("the run is paused: resume it")
    walk.change(scheduled_at=walk.now)
    if walk.run.phase is Phase.WAITING:
        _start(walk)
    else:
        _start_next_execution(walk)


_NOT_IN_LINE = "the run does not wait for slots any more"
_BEGUN = "the run has begun already"
_ENDING = "the run is ending or has ended"
JOB_RULES = (
    Rule(JobSubmitted, (WAITING,), start_when_due, _BEGUN),
    Rule(SlotFreed, (WAITING, WALKING), ask_for_slots_again, _NOT_IN_LINE),
    Rule(SlotsGranted, (WAITING, WALKING), begin_with_slots, _NOT_IN_LINE),
    Rule(TimerKind.START, (WAITING,), start_when_due, _BEGUN),
    Rule(TimerKind.JOB_RETRY, (RETRYING,), start_next_execution, "no retry is due"),
    Rule(TimerKind.JOB_TIMEOUT, (WALKING,), time_job_out, "the job is ending already"),
    Rule(TimerKind.PAUSE, (WAITING, RETRYING, WALKING), end_timed_pause, _ENDING),
    Rule(CancelRequested, (WAITING, RETRYING, WALKING), cancel, _ENDING),
    Rule(PauseRequested, (WAITING, RETRYING, WALKING), pause, _ENDING),
    Rule(ResumeRequested, (WAITING, RETRYING, WALKING), resume, _ENDING),
    Rule(TriggerRequested, (WAITING, RETRYING), trigger, _BEGUN),
    Rule(RestartRequested, (ENDED,), restart, "the run has not ended"),
)
