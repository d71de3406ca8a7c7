"""How long each step of a task took, from the moments that its ant noted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType

from formicary.entrypoints.cli.output import moment, seconds, table

# A step lasts from the last moment noted before it to its own.
_STEPS = (
    ("FETCHED", "dependent_artifacts_downloaded_at"),
    ("STARTED", "pod_started_at"),
    ("SCRIPT", "script_finished_at"),
    ("AFTER", "post_script_finished_at"),
    ("UPLOADED", "artifacts_uploaded_at"),
    ("REMOVED", "pod_shutdown_at"),
)


def timing_table(tasks: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return a row for each task that an ant has reported."""
    timed = [(task, task.get("timings") or {}) for task in tasks]
    rows = [
        (task["task_type"], moment(noted["received_at"]), *_lengths(noted))
        for task, noted in timed
        if noted.get("received_at")
    ]
    return table(("TASK", "RECEIVED", *(name for name, _ in _STEPS)), rows)


def _lengths(noted: Mapping[str, Any]) -> list[str]:
    told: list[str] = []
    before = datetime.fromisoformat(noted["received_at"])
    for _, name in _STEPS:
        if not noted.get(name):
            told.append("")
            continue
        now = datetime.fromisoformat(noted[name])
        told.append(seconds(max(0.0, (now - before).total_seconds())))
        before = now
    return told
