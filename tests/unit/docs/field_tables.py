"""Tables of the fields of a definition and of the ant's settings, from the models themselves."""

from enum import StrEnum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ant_agent.container_settings import ContainerSettings
from ant_agent.settings import Settings
from formicary.domain import (
    container_definition,
    field_types,
    file_definition,
    job_definition,
    pod_definition,
    task_definition,
    volume_definition,
)
from formicary.domain.fault_codes import FaultCode
from formicary.domain.field_types import Part
from formicary.domain.job_definition import JobDefinition
from formicary.domain.task_definition import TaskDefinition
from tests.unit.docs.not_yet import UNUSED

_MODULES = (
    job_definition,
    task_definition,
    container_definition,
    file_definition,
    pod_definition,
    volume_definition,
)
# By identity of the alias: what each is called in a document.
_ALIASES = (
    (field_types.Seconds, "duration"),
    (field_types.TextList, "list of texts"),
    (field_types.NameList, "list of names"),
    (field_types.TextMap, "map of texts"),
    (field_types.Variables, "map"),
    (field_types.Routes, "map of codes"),
    (field_types.Targets, "target, or a list"),
    (field_types.Count, "whole number"),
    (field_types.ForkItems, "list, or a text"),
    (container_definition.Anything, "anything"),
    (container_definition.Size, "size"),
    (container_definition.Cpu, "processors"),
    (volume_definition.VolumeField, "`Volumes`, or a map"),
    (pod_definition.LabelMap, "map of labels"),
    (pod_definition.AnnotationMap, "map of texts"),
    (pod_definition.TolerationMap, "map of effects"),
    (job_definition.EmailChannel, "`NotifyChannel`"),
    (job_definition.Channel, "`NotifyChannel`"),
)
_PLAIN = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    tuple[TaskDefinition, ...]: "list of tasks",
}
FIRST = "0.1"
FLAGS = {
    "url": "--url",
    "token": "--token",
    "id": "--id",
    "methods": "--methods",
    "tags": "--tags",
    "capacity": "--capacity",
    "work_dir": "--work-dir",
    "docker_host": "--docker-host",
    "kube_context": "--kube-context",
    "kube_namespace": "--kube-namespace",
    "allow_privileged": "--allow-privileged",
    "default_cpu_limit": "--default-cpu-limit",
    "default_memory_limit": "--default-memory-limit",
}
_COMPUTED = {"id": "the host's name", "url": "required", "token": "required"}


def job_table() -> str:
    return _definition_table(JobDefinition, UNUSED["job"])


def task_table() -> str:
    return _definition_table(TaskDefinition, UNUSED["task"])


def parts_tables() -> str:
    """Every part that has keys of its own: what it is, and a table of the keys."""
    return "\n\n".join(
        f"**`{part.__name__}`**: {_sentence(part)}{_needs(part)}\n\n{_definition_table(part, {})}"
        for part in _parts()
    )


def _needs(part: type[Part]) -> str:
    needs = getattr(part, "needs", ())
    return f" Needs {', '.join(f'`{key}`' for key in needs)}." if needs else ""


def faults_table() -> str:
    """The codes of what can be wrong with a definition."""
    return table(("code", "meaning"), [(f"`{code}`", code.meaning) for code in FaultCode])


def settings_table() -> str:
    rows = [
        (
            f"`{_variable(name, info)}`",
            f"`{FLAGS[name]}`" if name in FLAGS else "",
            _COMPUTED.get(name) or _default(info),
            info.description or "",
        )
        for name, info in sorted(
            Settings.model_fields.items(),
            key=lambda item: item[0] in ContainerSettings.model_fields,
        )
    ]
    return table(("variable", "option", "default", "meaning"), rows)


def unused_table(level: str) -> str:
    rows = [(f"`{name}`", instead) for name, instead in UNUSED[level].items()]
    return table((f"{level} field", "what happens in this version"), rows)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _definition_table(model: type[Part], unused: dict[str, str]) -> str:
    hints = get_type_hints(model, include_extras=True)
    rows = [
        (
            _key(name, info),
            _type(hints[name]),
            _default(info),
            _meaning(info, unused.get(name)),
            _since(info),
        )
        for name, info in _fields(model)
    ]
    return table(("field", "type", "default", "meaning", "since"), rows)


def _since(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra.get("since", FIRST)) if isinstance(extra, dict) else FIRST


def _meaning(info: FieldInfo, instead: str | None) -> str:
    said = (info.description or "").rstrip(".")
    return f"{said}. *Not yet: {instead}.*" if instead else f"{said}."


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return list(model.model_fields.items())


def _key(name: str, info: FieldInfo) -> str:
    return f"`{info.alias or name}`"


def _sentence(part: type[Part]) -> str:
    return (part.__doc__ or "").strip().splitlines()[0]


def _parts() -> list[type[Part]]:
    found = {
        value.__name__: value
        for module in _MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Part)
    }
    whole = {"Part", "NeedyPart", "JobDefinition", "TaskDefinition"}
    return [found[name] for name in sorted(found.keys() - whole)]


def _type(hint: Any) -> str:
    named = [name for alias, name in _ALIASES if hint == alias]
    if named or hint in _PLAIN:
        return named[0] if named else _PLAIN[hint]
    if get_origin(hint) in (Union, UnionType):
        return _type(next(part for part in get_args(hint) if part is not type(None)))
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    if get_origin(hint) is list:
        return f"list of {_type(get_args(hint)[0])}"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "method"
    return f"`{hint.__name__}`"


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ("", (), [], {}) or isinstance(value, BaseModel):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    return f"`{value}`"


def _variable(name: str, info: FieldInfo) -> str:
    if isinstance(info.validation_alias, AliasChoices):
        return "`, `".join(map(str, info.validation_alias.choices))
    return f"FORMICARY_ANT_{name.upper()}"
