"""What is the same thing told again, and what is another thing."""

from collections.abc import Callable, Sequence

from formicary.adapters.run_summary import time_text
from formicary.domain.ant import AntRegistration
from formicary.domain.history import HistoryEntry, HistoryNote, tells_of
from formicary.domain.records import TaskAttempt

# What a heartbeat changes of a registration.
BEATING = ("current_load", "total_executed", "in_flight", "condition", "updated_at", "alive")


def late_key(attempt: TaskAttempt) -> str:
    """Name a late outcome so that its redelivery, and no other outcome, has the same name."""
    return f"{time_text(attempt.ended_at)} {attempt.ant_id} {attempt.status}"


def place_of(attempt: TaskAttempt) -> str:
    """Name the place of an outcome among those of its attempt: reported, assumed, or late ones.

    Two engines may write a reported and an assumed one at once; which counts is known later.
    """
    if attempt.late:
        return f"L#{late_key(attempt)}"
    return "E" if attempt.assumed else ""


def settled(
    attempts: Sequence[TaskAttempt], history: Callable[[], Sequence[HistoryEntry]]
) -> Sequence[TaskAttempt]:
    """Return the outcomes without those that lost a race: they belong to no change in history."""
    kinds: dict[tuple[int, int], set[bool]] = {}
    for attempt in attempts:
        if not attempt.late:
            kinds.setdefault((attempt.task_index, attempt.attempt), set()).add(attempt.assumed)
    raced = {place for place, kind in kinds.items() if len(kind) > 1}
    if not raced:
        return attempts
    entries = history()
    return [
        attempt
        for attempt in attempts
        if attempt.late
        or (attempt.task_index, attempt.attempt) not in raced
        or _report_taken(attempt, entries) != attempt.assumed
    ]


def _report_taken(attempt: TaskAttempt, entries: Sequence[HistoryEntry]) -> bool:
    """Whether a report ended the attempt; else the engine ended it by itself."""
    place = (attempt.task_type, attempt.attempt, attempt.ended_at)
    return any(tells_of(entry, *place) for entry in entries)


def note_key(note: HistoryNote) -> str:
    """Name a note so that the same thing, refused again, has the same name."""
    return f"{note.verdict} {note.kind} {note.subject} {note.by}"


def beaten(before: AntRegistration, beat: AntRegistration) -> AntRegistration:
    """Return the registration with what a heartbeat tells."""
    return before.model_copy(update={name: getattr(beat, name) for name in BEATING})
