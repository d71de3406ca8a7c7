"""The history of a run: one entry for each state that was committed, from which it can be rebuilt.

An entry is committed with the state that it led to, in the run itself (`JobRun.tail`), so it is
true however many engines raced. Later it moves out: the next outcome of an attempt, which is
written anyway before its commit, carries it along; when many pile up, they become an item of
their own. So a task costs no write for its history, and nothing in the run grows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from formicary.domain.events import ChildFinished, Event, TaskFinished, event_key

MAX_TAIL = 8
MAX_TEXT = 300
LONGEST_FUNCTION = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """The event that led to `version`, and the moment of the decision.

    `cause` names the message behind it where that was another one. Of an event with long texts
    those are left out (`cut`): they are in the outcome of its attempt.
    """

    version: int
    at: datetime
    event: Event
    cause: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class HistoryNote:
    """Something that was refused and changed nothing: `verdict` is duplicate, refused or forged."""

    at: datetime
    verdict: str
    kind: str
    reason: str
    subject: str = ""
    by: str = ""


def forged(at: datetime, kind: str, task_type: str, attempt: object, by: str) -> HistoryNote:
    """Return the note that somebody spoke for an attempt without its proof."""
    subject = f"{task_type}:{attempt}" if task_type else ""
    return HistoryNote(at, "forged", kind, "the proof is not that of the attempt", subject, by)


def entry_of(version: int, at: datetime, event: Event, cause: str) -> HistoryEntry:
    """Return the entry of a state that is about to be committed."""
    own = event_key(event)
    kept = _short(event)
    return HistoryEntry(version, at, kept, "" if cause == own else cause, kept is not event)


def with_texts(
    entry: HistoryEntry, context: dict[str, str], exit_message: str, error_message: str
) -> HistoryEntry:
    """Return an entry with the texts that were left out of it."""
    if not isinstance(entry.event, TaskFinished):
        return entry
    event = replace(
        entry.event, context=context, exit_message=exit_message, error_message=error_message
    )
    return replace(entry, event=event, cut=False)


def tells_of(entry: HistoryEntry, task_type: str, attempt: int, at: datetime) -> bool:
    """Whether an entry is of the outcome of an attempt that was taken around that moment.

    Two engines that were handed the same report write it at two moments, and one of them commits.
    """
    event = entry.event
    return (
        isinstance(event, TaskFinished)
        and (event.task_type, event.attempt) == (task_type, attempt)
        and abs(entry.at - at) <= LONGEST_FUNCTION
    )


def in_order(entries: Iterable[HistoryEntry]) -> Sequence[HistoryEntry]:
    """Return each entry once, by version."""
    found = {entry.version: entry for entry in entries}
    return [found[version] for version in sorted(found)]


def _short(event: Event) -> Event:
    if isinstance(event, TaskFinished):
        texts = sum(len(name) + len(value) for name, value in event.context.items())
        if texts + len(event.exit_message) + len(event.error_message) > MAX_TEXT:
            return replace(event, context={}, exit_message="", error_message="")
    elif isinstance(event, ChildFinished) and len(event.error_message) > MAX_TEXT:
        return replace(event, error_message="")
    return event
