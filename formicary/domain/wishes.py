"""What somebody asks of a run: one thing at a time, until the engine has decided on it.

A wish is noted beside the run before the engine is told. Nobody takes the note away: whether it
still waits is read from the run itself, which the engine's decision changes. So a decision costs
nothing more, and a note whose event was lost holds nobody up for longer than `WISH_HOLDS`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from formicary.domain.job_run import Hold, JobRun, Phase, execution_id

WISH_HOLDS = timedelta(minutes=1)
_GOES_ON = frozenset({Phase.WAITING, Phase.RETRYING, Phase.WALKING})
_NOT_BEGUN = frozenset({Phase.WAITING, Phase.RETRYING})


class Verb(StrEnum):
    """What can be asked of a run."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    TRIGGER = "trigger"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked, how (`options`), of a run that stood so (`fence`), when and by whom."""

    verb: Verb
    at: datetime
    options: str = ""
    fence: str = ""
    by: str = ""

    def is_like(self, other: "Wish") -> bool:
        """Whether both ask for the same of the same, whoever asks."""
        return (self.verb, self.options, self.fence) == (other.verb, other.options, other.fence)

    def waits(self, run: JobRun, now: datetime) -> bool:
        """Whether the engine has still to decide on it, as far as one can tell."""
        return self.fence == fence_of(self.verb, run) and now < self.at + WISH_HOLDS


def fence_of(verb: Verb, run: JobRun) -> str:
    """Name what the engine changes when it decides on such a wish; empty where it would refuse."""
    return _FENCES[verb](run)


def _of_cancel(run: JobRun) -> str:
    return f"start {_start_of(run)}" if run.phase in _GOES_ON else ""


def _of_pause(run: JobRun) -> str:
    return f"hold {run.holds}" if run.phase in _GOES_ON and run.hold is not Hold.USER else ""


def _of_resume(run: JobRun) -> str:
    return f"{run.hold} hold {run.holds}" if run.phase in _GOES_ON and run.hold else ""


def _of_trigger(run: JobRun) -> str:
    if run.phase not in _NOT_BEGUN or run.hold:
        return ""
    return f"{run.execution_id} at {run.scheduled_at.isoformat()}"


def _of_restart(run: JobRun) -> str:
    return run.execution_id if run.phase is Phase.ENDED else ""


_FENCES = {
    Verb.CANCEL: _of_cancel,
    Verb.PAUSE: _of_pause,
    Verb.RESUME: _of_resume,
    Verb.TRIGGER: _of_trigger,
    Verb.RESTART: _of_restart,
}


def of_same_start(run: JobRun, execution: str) -> bool:
    """Whether an earlier execution and the current one are of one start by somebody.

    `retry` of the job and RESTART_JOB begin executions that nobody started.
    """
    numbers = range(_start_of(run), run.retried)
    return any(
        execution == execution_id(run.created_at, run.request_id, number) for number in numbers
    )


def _start_of(run: JobRun) -> int:
    """Return the number of the execution that somebody started last.

    While a run rests, its next execution is counted already.
    """
    begun = run.job_retries + run.job_restarts
    return run.retried - begun + (run.phase is Phase.RETRYING)
