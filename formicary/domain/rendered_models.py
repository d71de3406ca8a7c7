"""Rendering a part of a definition, a job's own fields or a task's, into its model."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from formicary.domain.document_nodes import Mapping as MappingNode
from formicary.domain.document_nodes import place_of
from formicary.domain.document_scopes import Scope, ScopeFrame
from formicary.domain.field_types import FAULT_TYPE
from formicary.domain.job_document import render
from formicary.domain.templating import TemplateError
from formicary.domain.validation_fields import path_text


def only(node: MappingNode, keys: Iterable[str]) -> MappingNode:
    """Return a map with some keys alone, so that nothing else has a say in its rendering."""
    return MappingNode(node.line, node.column, [e for e in node.entries if e.key.text in keys])


def without(node: MappingNode, key: str) -> MappingNode:
    """Return a map without a key."""
    kept = [entry for entry in node.entries if entry.key.text != key]
    return node if len(kept) == len(node.entries) else MappingNode(node.line, node.column, kept)


def rendered_model(
    model: type[Any], node: MappingNode, scope: Scope | None, frame: ScopeFrame, owner: str
) -> Any:
    """Return the model of a part; TemplateError tells which value cannot be what it must be."""
    env = frame.environment(scope)
    data = render(node, frame, env or frame.evaluation.root, scope)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        location = tuple(detail["loc"])
        place, _ = place_of(node, location)
        said = (detail.get("ctx") or {}).get("message", "") if detail["type"] == FAULT_TYPE else ""
        given = detail["input"] if isinstance(detail["input"], str) else ""
        message = said or f'cannot be "{given[:60]}": {str(detail["msg"]).lower()}'
        raise TemplateError(
            f"{owner}: {path_text(location)} {message}", place.line, place.column
        ) from error
