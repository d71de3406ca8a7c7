"""Which run is meant: by its id, by the beginning of one, or the latest."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.domain.errors import InvalidRequestError, NotFoundError

WHICH_RUN = (
    "ID is the id of a run, the beginning of one that no other recent run has, "
    "or latest: the newest that was not forked by another."
)
_RECENT = 100
_WHOLE_ID = re.compile(r"[0-9A-Z]{26}")


def find_run_id(client: ControlPlaneClient, given: str) -> str:
    """Return the whole id of a run."""
    if _WHOLE_ID.fullmatch(given.upper()):
        return given.upper()
    runs = client.runs(_RECENT)
    if given == "latest":
        return _latest(runs)
    recent = [str(run["id"]) for run in runs]
    found = [run_id for run_id in recent if run_id.startswith(given.upper())]
    if not found:
        raise NotFoundError(
            f"None of the {len(recent)} latest runs has an id that begins with {given}."
        )
    if len(found) > 1:
        some = ", ".join(found[:3])
        raise InvalidRequestError(f"{len(found)} runs begin with {given}: {some}. Give more of it.")
    return found[0]


def _latest(runs: Sequence[Mapping[str, Any]]) -> str:
    # Children are newer than the run that somebody has submitted and means.
    for run in runs:
        if not run.get("parent_id"):
            return str(run["id"])
    raise NotFoundError("There is no run yet.")
