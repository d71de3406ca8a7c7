"""Records of the table's stream, read into changes of state."""

import re
from collections.abc import Mapping
from typing import Any

from formicary.domain.lifecycle_event import JobExecutionLifecycleEvent, state_change

_RUN_KEY = re.compile(r"T#([^#]+)#R#[^#]+")


def read_change(record: Mapping[str, Any]) -> JobExecutionLifecycleEvent | None:
    """Return the change of a job's state that a record tells of, None when it tells of none."""
    change = record["dynamodb"]
    key = _RUN_KEY.fullmatch(change["Keys"]["pk"]["S"])
    new = _summary(change.get("NewImage"))
    if key is None or change["Keys"]["sk"]["S"] != "RUN" or "job_state" not in new:
        return None
    return state_change(key[1], _summary(change.get("OldImage")), new)


def _summary(image: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the texts and numbers of an image's summary; the rest is nobody's news."""
    fields = ((image or {}).get("summary") or {}).get("M") or {}
    return {name: value["S"] if "S" in value else value.get("N") for name, value in fields.items()}
