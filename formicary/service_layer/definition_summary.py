"""What is kept of a definition beside its text: enough for lists, and to submit without parsing."""

from collections.abc import Iterable, Mapping
from typing import Any

from formicary.domain.parsed_job import ParsedJob

_COPIED = (
    "public_plugin",
    "description",
    "platform",
    "cron_trigger",
    "max_concurrency",
    "sem_version",
    "timeout",
)


def summary_of(parsed: ParsedJob) -> dict[str, Any]:
    """Return what lists show of a definition; fields that it does not set are left out."""
    document = parsed.to_json()
    tasks = document.get("tasks") or []
    summary: dict[str, Any] = {name: document[name] for name in _COPIED if document.get(name)}
    summary |= {
        "job_type": parsed.definition.job_type,
        "methods": _distinct(task.get("method") for task in tasks),
        "tags": _distinct(tag for task in tasks for tag in _tags(task)),
        "tasks": len(tasks),
        "required_params": list(document.get("required_params") or []),
    }
    if parsed.announces:
        summary["announces"] = parsed.announces
    if document.get("resources"):
        summary["resources"] = document["resources"]
    return summary


def _tags(task: Mapping[str, Any]) -> list[Any]:
    tags = task.get("tags") or []
    return tags if isinstance(tags, list) else [tags]


def _distinct(words: Iterable[Any]) -> list[str]:
    return sorted({str(word) for word in words if word})
