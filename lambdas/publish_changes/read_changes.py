"""Records of the table's stream, read into what is to be told."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from formicary.adapters.aws.folded_letters import unfold
from formicary.domain.announcements import Announces
from formicary.domain.lifecycle_event import Change, LifecycleEvent, events_of

_RUN_KEY = re.compile(r"T#([^#]+)#R#([^#]+)")


def read_changes(record: Mapping[str, Any]) -> Sequence[LifecycleEvent]:
    """Return what a record tells of a run: nothing, for most commits."""
    images = record["dynamodb"]
    key = _RUN_KEY.fullmatch(images["Keys"]["pk"]["S"])
    old, new = images.get("OldImage") or {}, images.get("NewImage") or {}
    summary = _summary(new)
    if key is None or images["Keys"]["sk"]["S"] != "RUN" or "job_state" not in summary:
        return ()
    announces = _text(new, "announces")
    tasks = Announces.TASKS in announces
    return events_of(
        Change(
            tenant=key[1],
            old=_summary(old),
            new=summary,
            announces=announces,
            version=int(new.get("version", {}).get("N", 0)),
            old_marks=unfold(_text(old, "marks")) if tasks else "",
            new_marks=unfold(_text(new, "marks")) if tasks else "",
        )
    )


def changed_runs(records: Iterable[Mapping[str, Any]]) -> Mapping[str, set[str]]:
    """Return the runs that records tell of, by tenant."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        key = _RUN_KEY.fullmatch(record["dynamodb"]["Keys"]["pk"]["S"])
        if key is not None:
            found[key[1]].add(key[2])
    return found


def _summary(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts and numbers of an image's summary; the rest is nobody's news."""
    fields = (image.get("summary") or {}).get("M") or {}
    return {name: value["S"] if "S" in value else value.get("N") for name, value in fields.items()}


def _text(image: Mapping[str, Any], name: str) -> str:
    return str((image.get(name) or {}).get("S", ""))
