"""Recording what happens: outcomes before the commit, the history with it, refusals beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from formicary.domain.events import Asked, TaskFinished, TaskRedelivered
from formicary.domain.history import MAX_TAIL, HistoryEntry, HistoryNote, entry_of, tells_of
from formicary.domain.job_run import JobRun
from formicary.domain.records import TaskAttempt
from formicary.ports import RunRepository
from formicary.service_layer.record_attempt import Happening, attempts_of

__all__ = ["Happening", "HistoryRecorder"]


@dataclass(frozen=True, slots=True)
class HistoryRecorder:
    """Writes outcomes before the run's new state is committed.

    So a task that counts as done always has its outcome.
    """

    runs: RunRepository

    def record(self, happening: Happening) -> JobRun:
        """Store what the event reports and every task that it ended; return the state to commit."""
        run, tail = happening.run, happening.run.tail
        if happening.decision.rejected:
            self._record_refused(happening)
            return run
        entry = entry_of(run.version + 1, happening.now, happening.event, happening.cause)
        carries = isinstance(happening.event, TaskFinished)
        if not carries and len(tail) >= MAX_TAIL:
            self.runs.put_history(run.tenant, run.request_id, tail)
            tail = ()
        for attempt in attempts_of(happening):
            reported = carries and attempt.task_type == getattr(happening.event, "task_type", "")
            self._put(run, attempt, tail if reported else ())
        return happening.decision.run.evolve(tail=(*(() if carries else tail), entry))

    def note(self, run: JobRun, note: HistoryNote) -> None:
        """Keep that something was refused, where the run's history shows it."""
        self.runs.put_note(run.tenant, run.request_id, note)

    def _record_refused(self, what: Happening) -> None:
        # What somebody did is told; timers that nobody waits for any more are no news.
        if isinstance(what.event, Asked):
            verdict = "duplicate" if self._was_applied(what) else "refused"
            self.note(what.run, _refused(what, verdict))
        elif isinstance(what.event, TaskRedelivered):
            self.note(what.run, _refused(what, "refused"))
        if not isinstance(what.event, TaskFinished):
            return
        for attempt in attempts_of(what):
            if not attempt.late:
                continue
            counted = self._counted(what.run, attempt)
            if counted is None:
                self._put(what.run, attempt, ())
            elif counted:
                self.note(what.run, _refused(what, "duplicate", attempt.ant_id))

    def _was_applied(self, what: Happening) -> bool:
        """Whether the last thing that was asked for and done is just this one, told again."""
        entries = self.runs.history(what.run.tenant, what.run.request_id)
        done = [entry.event for entry in entries if isinstance(entry.event, Asked)]
        return bool(done) and done[-1] == what.event

    def _put(self, run: JobRun, attempt: TaskAttempt, carried: Sequence[HistoryEntry]) -> None:
        for artifact in attempt.artifacts:
            self.runs.put_artifact(run.tenant, artifact)
        self.runs.put_attempt(run.tenant, attempt, run.version, carried)

    def _counted(self, run: JobRun, late: TaskAttempt) -> bool | None:
        """Whether a report is one that counted, delivered again; None when it did not count.

        One that is there as if it had counted, but belongs to no change that was committed, is of
        an engine that lost the race of its commit: it is taken away.
        """
        stored = self.runs.attempts(
            run.tenant, late.job_request_id, late.job_execution_id, late.task_index
        )
        there = next((a for a in stored if a.attempt == late.attempt and not a.late), None)
        if there is None or there.assumed:
            return None
        entries = self.runs.history(run.tenant, run.request_id)
        place = (there.task_type, there.attempt, there.ended_at)
        if not any(tells_of(entry, *place) for entry in entries):
            self.runs.withdraw_attempt(run.tenant, there)
            return None
        return True if there.exit_code == late.exit_code else None


def _refused(what: Happening, verdict: str, by: str = "") -> HistoryNote:
    event = what.event
    subject = str(getattr(event, "task_type", ""))
    attempt = getattr(event, "attempt", 0)
    by = by or str(getattr(event, "ant_id", ""))
    return HistoryNote(
        what.now,
        verdict,
        type(event).__name__,
        what.decision.rejected,
        f"{subject}:{attempt}" if subject else "",
        by,
    )
