"""A definition as JSON by the article's names; a template stands as its text."""

from typing import Any

from formicary.domain.document_nodes import Mapping as MappingNode
from formicary.domain.document_nodes import Scalar, place_of
from formicary.domain.validation import CheckedJob
from formicary.domain.validation_fields import UNION_TAGS, Location


def shown_job(checked: CheckedJob) -> dict[str, Any]:
    """Return a definition without its defaults."""
    head = checked.definition.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"tasks"}
    )
    head = {"job_type": checked.definition.job_type, **head}
    _overlay(head, checked.head, checked.head_aside)
    tasks = []
    for name, task in zip(checked.tasks, checked.definition.tasks, strict=True):
        shown = task.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        shown = {"task_type": name, "method": str(task.method), **shown}
        _overlay(shown, checked.tasks[name].node, checked.asides[name])
        tasks.append(shown)
    return {**head, "tasks": tasks}


def _overlay(shown: dict[str, Any], node: MappingNode, aside: set[Any]) -> None:
    """Put the text of templates where the structure has no value."""
    for location in sorted(aside, key=str):
        place, complete = place_of(node, location)
        if complete and isinstance(place, Scalar):
            _put(shown, location, place.text)


def _put(shown: Any, location: Location, text: str) -> None:
    """Put a text where a location leads; steps that lead to no item of a list end the way."""
    *way, last = (step for step in location if step not in UNION_TAGS)
    for step in way:
        if isinstance(shown, list):
            if not isinstance(step, int) or step >= len(shown):
                return
            shown = shown[step]
        elif isinstance(shown, dict):
            shown = shown.setdefault(str(step), {})
        else:
            return
    if isinstance(shown, dict):
        shown[str(last)] = text
