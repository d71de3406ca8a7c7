"""Listing runs."""

from formicary.domain.errors import InvalidRequestError
from formicary.domain.job_run import JobRun
from formicary.domain.records import Page, Principal
from formicary.domain.states import TERMINAL_STATES, RequestState
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.paging import PageRequest
from formicary.service_layer.suggest import did_you_mean

_GROUPS = {
    "RUNNING": {RequestState.STARTED, RequestState.EXECUTING},
    "WAITING": {RequestState.PENDING, RequestState.READY, RequestState.PAUSED},
    "DONE": set(TERMINAL_STATES),
}


def list_runs(
    plane: ControlPlane,
    caller: Principal,
    request: PageRequest,
    *,
    job_type: str | None = None,
    job_state: str | None = None,
    parent_id: str | None = None,
) -> Page[JobRun]:
    """Return a page of the tenant's runs, the newest first.

    `job_state` is a state, RUNNING, WAITING or DONE, or several with commas between them;
    `parent_id` is that of the run which has forked them.
    """
    return plane.runs.list_runs(
        caller.tenant,
        job_type=job_type or None,
        states=_states(job_state or ""),
        parent=find_run(plane, caller, parent_id) if parent_id else None,
        offset=request.offset,
        limit=request.page_size,
        token=request.token,
    )


def _states(text: str) -> list[str]:
    states: set[RequestState] = set()
    for word in filter(None, (part.strip().upper() for part in text.split(","))):
        if word in _GROUPS:
            states |= _GROUPS[word]
        elif word in set(RequestState):
            states.add(RequestState(word))
        else:
            known = [*RequestState, *_GROUPS]
            raise InvalidRequestError(f"Unknown job_state {word!r}.{did_you_mean(word, known)}")
    return sorted(states)
