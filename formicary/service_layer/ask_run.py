"""Asking something of a run: what is asked is noted, then the engine is told, which alone moves it.

Of two that ask for different things at once, one is told what the other has asked for. Whoever is
refused is in the history of the run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from formicary.domain.errors import ChangePendingError, ConflictError
from formicary.domain.events import Event
from formicary.domain.history import HistoryNote
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.records import Principal
from formicary.domain.wishes import Verb, Wish, fence_of
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.send_event import send_event

_TRIES = 5
_DONE = {
    Verb.CANCEL: "cancelled",
    Verb.PAUSE: "paused",
    Verb.RESUME: "resumed",
    Verb.TRIGGER: "triggered",
    Verb.RESTART: "restarted",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: `event_for` returns the event for a run as it is, or refuses."""

    verb: Verb
    event_for: Callable[[JobRun], Event]
    options: str = ""


def ask_run(plane: ControlPlane, caller: Principal, request_id: str, request: Request) -> JobRun:
    """Ask for it and return the run as it stands; ConflictError when it cannot be now."""
    try:
        run, event = _note(plane, caller, request_id, request)
    except ConflictError as refusal:
        note = HistoryNote(
            plane.clock.now(), "refused", request.verb, refusal.message, by=caller.user_id
        )
        plane.runs.put_note(caller.tenant, request_id, note)
        raise
    send_event(plane, run, event)
    return run


def _note(
    plane: ControlPlane, caller: Principal, request_id: str, request: Request
) -> tuple[JobRun, Event]:
    """Note the wish, unless another one waits; the same one again is told to the engine again."""
    now = plane.clock.now()
    before: Wish | None = None
    run = find_run(plane, caller, request_id)
    for _ in range(_TRIES):
        event = request.event_for(run)
        fence = fence_of(request.verb, run)
        wish = Wish(request.verb, now, request.options, fence, caller.user_id)
        noted = plane.runs.note_wish(caller.tenant, request_id, wish, before)
        if noted is None or (noted.is_like(wish) and noted.waits(run, now)):
            return run, event
        run = find_run(plane, caller, request_id)
        if noted.waits(run, now):
            raise _pending(run, noted)
        before = noted
    raise ChangePendingError("Too many ask for something of this job request at once; ask again.")


def _pending(run: JobRun, noted: Wish) -> ChangePendingError:
    return ChangePendingError(
        f"The job request is about to be {_DONE[noted.verb]}, as {noted.by or 'somebody'} has "
        "asked; ask again when that is done.",
        job_state=str(run.state),
        pending=str(noted.verb),
        pending_since=noted.at.isoformat(),
    )


def refuse_ending(run: JobRun, verb: Verb) -> None:
    """Raise ConflictError for a run that has ended, or that only cleans up."""
    if run.phase is Phase.ENDED:
        raise conflict(run, f"has ended already: it is {run.state}")
    if run.phase is Phase.FINALIZING:
        how = f"will be {run.outcome}"
        raise conflict(run, f"is ending ({how}) and cannot be {_DONE[verb]} any more")


def conflict(run: JobRun, what: str) -> ConflictError:
    """Return the refusal of what the state of a run does not allow."""
    return ConflictError(f"The job request {what}.", job_state=str(run.state))
