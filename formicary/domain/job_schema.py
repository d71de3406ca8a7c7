"""The JSON Schema (draft 2020-12) of a job definition, made from the models.

It is as lenient as the language in form: a text or a list, a list or a map, a template anywhere.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from formicary.domain import container_definition, field_types, pod_definition, volume_definition
from formicary.domain.field_types import NeedyPart, Part
from formicary.domain.job_definition import Channel, EmailChannel, JobDefinition, NotifyChannel
from formicary.domain.states import TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.volume_definition import Volumes

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{"}
_NULL: Schema = {"type": "null"}
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_MAP: Schema = {"type": "object"}
_PAIRS: Schema = {"type": "array", "items": _MAP}
_DURATION = r"^\s*((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)?)+\s*$"
_SIZE = r"^\s*(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[kMGTPE]|[bmg])?\s*$"
_CPU = r"^\s*(\d+(\.\d*)?|\.\d+)m?\s*$"
_TRUTHS = ["true", "false", "True", "False", "yes", "no", "on", "off"]
# Keys without which a text is no job, beside those that parts need.
_REQUIRED: dict[type[Part], Sequence[str]] = {
    JobDefinition: ("job_type", "tasks"),
    TaskDefinition: ("task_type",),
}


def _any_of(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _measure(pattern: str) -> Schema:
    return _any_of(
        {"type": "number", "minimum": 0}, {"type": "string", "pattern": pattern}, _TEMPLATE
    )


def _map_of(values: Schema) -> Schema:
    return _any_of({"type": "object", "additionalProperties": values}, _PAIRS)


def _ref(model: type[Part]) -> Schema:
    return {"$ref": f"#/$defs/{model.__name__}"}


# By identity of the alias: what each takes.
_ALIASES: tuple[tuple[Any, Schema], ...] = (
    (field_types.Seconds, _measure(_DURATION)),
    (container_definition.Size, _measure(_SIZE)),
    (container_definition.Cpu, _measure(_CPU)),
    (field_types.TextList, _any_of(_TEXT, _TEXTS)),
    (field_types.NameList, _any_of(_TEXT, _TEXTS, _MAP)),
    (field_types.Targets, _any_of(_TEXT, _TEXTS)),
    (field_types.TextMap, _map_of({})),
    (field_types.Variables, _map_of({})),
    (field_types.Routes, _any_of({"type": "object", "additionalProperties": _TEXT})),
    (pod_definition.LabelMap, _map_of(_any_of(_TEXT, _NULL))),
    (pod_definition.AnnotationMap, _map_of({})),
    (
        pod_definition.TolerationMap,
        _map_of(_any_of({"enum": list(get_args(pod_definition.Effect))}, _TEMPLATE)),
    ),
    (volume_definition.VolumeField, _any_of(_ref(Volumes), _map_of(_TEXT))),
    (container_definition.Anything, {}),
    (EmailChannel, _any_of(_ref(NotifyChannel), _TEXT, _TEXTS)),
    (field_types.ForkItems, _any_of({"type": "array"}, _TEXT)),
    (Channel, _any_of(_ref(NotifyChannel), _TEXT, _TEXTS)),
)


@cache
def job_schema() -> Schema:
    """Return the schema of a whole definition; nobody may change it."""
    definitions: dict[str, Schema] = {}
    root = _model(JobDefinition, definitions)
    ordered = {name: definitions[name] for name in sorted(definitions)}
    return {"$schema": DIALECT, "title": "Formicary job definition", **root, "$defs": ordered}


def _model(model: type[Part], definitions: dict[str, Schema]) -> Schema:
    hints = get_type_hints(model, include_extras=True)
    required = _REQUIRED.get(model, model.needs if issubclass(model, NeedyPart) else ())
    properties: dict[str, Schema] = {}
    for name, info in model.model_fields.items():
        kind = _nullable(_type(hints[name], info, definitions))
        properties[info.alias or name] = {**kind, **_said(info, needed=name in required)}
    return {
        "description": (model.__doc__ or "").strip().splitlines()[0],
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _said(info: FieldInfo, *, needed: bool) -> Schema:
    said: Schema = {"description": info.description or ""}
    default = info.get_default(call_default_factory=False)
    if not needed and default not in (None, "", (), PydanticUndefined):
        said["default"] = default
    return said


def _nullable(schema: Schema) -> Schema:
    """A key without a value counts as absent."""
    if not schema:
        return {}
    if set(schema) == {"anyOf"}:
        return _any_of(*schema["anyOf"], _NULL)
    return _any_of(schema, _NULL)


def _type(hint: Any, info: FieldInfo | None, definitions: dict[str, Schema]) -> Schema:
    for alias, schema in _ALIASES:
        if hint == alias:
            _define_named(schema, definitions)
            return schema
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        limits = [*hint.__metadata__, *(info.metadata if info else ())]
        return _scalar(inner[0], limits) or _type(inner[0], info, definitions)
    if origin in (Union, UnionType):
        return _type(next(part for part in inner if part is not type(None)), info, definitions)
    if origin is Literal:
        return _any_of({"enum": list(inner)}, _TEMPLATE)
    if origin in (list, tuple):
        return {"type": "array", "items": _type(inner[0], None, definitions)}
    return _scalar(hint, info.metadata if info else ()) or _part(hint, definitions)


def _scalar(hint: Any, limits: Sequence[Any]) -> Schema:
    if hint in (int, float):
        return _number("integer" if hint is int else "number", limits)
    if hint is bool:
        return _any_of({"type": "boolean"}, {"enum": _TRUTHS}, _TEMPLATE)
    if hint is str:
        return _TEXT
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        words = [{"enum": [method.value for method in hint]}]
        custom = [{"type": "string", "pattern": "^CUSTOM_[A-Z0-9_]{1,40}$"}]
        return _any_of(*words, *(custom if hint is TaskMethod else ()), _TEMPLATE)
    return {}


def _number(kind: str, limits: Sequence[Any]) -> Schema:
    number: Schema = {"type": kind}
    for limit in (part for given in limits for part in getattr(given, "metadata", [given])):
        for word, name in (("ge", "minimum"), ("le", "maximum")):
            if (bound := getattr(limit, word, None)) is not None:
                number[name] = bound
    return _any_of(number, {"type": "string", "pattern": r"^[-+]?\d+(\.\d*)?$|\{\{"})


def _part(model: type[Part], definitions: dict[str, Schema]) -> Schema:
    if model.__name__ not in definitions:
        definitions[model.__name__] = {}  # holds the place while its own parts are made
        definitions[model.__name__] = _model(model, definitions)
    return _ref(model)


def _define_named(schema: Schema, definitions: dict[str, Schema]) -> None:
    for model in (Volumes, NotifyChannel):
        if _ref(model) in schema.get("anyOf", ()):
            _part(model, definitions)
