"""Checks keys and types of a part of the text against its model, and says where and how to mend."""

import re
from collections.abc import Mapping as AbstractMapping
from typing import Any, TypeVar

from pydantic import ValidationError

from formicary.domain.document_forms import keys_of, shape
from formicary.domain.document_nodes import Mapping, Node, Scalar, place_of, project
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault, did_you_mean, nearest
from formicary.domain.field_types import ASIDE, FAULT_TYPE, Part
from formicary.domain.states import TaskMethod

P = TypeVar("P", bound=Part)
Location = tuple[str | int, ...]

# Steps of a location that are no keys: validators add them.
UNION_TAGS = frozenset({"kubernetes", "docker", "[key]"})
_MEANINGS = {
    "int": ("must be a whole number", ""),
    "float": ("must be a number", ""),
    "bool": ("must be true or false", ""),
    "string": ("must be a text", "quote it, if it is one"),
    "list": ("must be a list", "begin each line with - "),
    "dict": ("must be a map", "write `key: value` lines below it, indented"),
    "model": ("must be a map", "write `key: value` lines below it, indented"),
    "tuple": ("must be a name or a list of names", ""),
    "union": ("must be a map", ""),
}
# Keys that other tools, or older versions, have for the same thing.
_OTHER_WORDS = {"filter": "skip_if", "on_exit": "on_exit_code", "depends_on": "dependencies"}


def check_fields(
    model: type[P], node: Mapping, owner: str, *, prefix: str = "", choice: int = 0
) -> tuple[P, list[Fault], set[Location]]:
    """Build the model of a part; return it, the faults and the places that templates fill.

    Values that have faults, or that only a template gives, are set aside, so there is a model.
    """
    data: Any = project(node, choice)
    faults: list[Fault] = []
    aside: set[Location] = set()
    while True:
        try:
            return model.model_validate(data), faults, aside
        except ValidationError as error:
            for detail in reversed(error.errors(include_url=False)):
                location = detail["loc"]
                place, _ = place_of(node, location, choice)
                templated = isinstance(place, Scalar) and place.templated
                known = _set_aside(data, location, unknown=detail["type"] == "extra_forbidden")
                if templated and detail["type"] != "extra_forbidden":
                    aside.add(location)
                elif not known:
                    faults.append(_fault(model, node, detail, owner, prefix=prefix, choice=choice))


def _set_aside(data: Any, location: Location, *, unknown: bool) -> bool:
    """Take the value at a location out, or what holds it when the location leads nowhere.

    Return whether it was taken out before; what stood in its place is no good, either.
    """
    holder: Any = None
    last: Any = None
    found = data
    for step in location:
        key = _step_of(found, step)
        if key is not None:
            holder, last, found = found, key, found[key]
    if isinstance(holder, list) and isinstance(found, str) and found:
        holder[last] = ""  # keeps the places of its neighbours
    elif isinstance(holder, dict) and found is not ASIDE and not unknown:
        holder[last] = ASIDE
    elif holder is not None:
        del holder[last]
    else:
        data.clear()
    return found is ASIDE


def _step_of(found: Any, step: str | int) -> str | int | None:
    if isinstance(found, AbstractMapping):
        return _key_of(found, step)
    return step if isinstance(found, list) and isinstance(step, int) and step < len(found) else None


def _key_of(found: AbstractMapping[Any, Any], step: str | int) -> str | None:
    if step in found:
        return str(step)
    # Keys of on_exit_code come back upper-cased.
    return next((key for key in found if str(key).strip().upper() == step), None)


def _fault(
    model: type[Part], node: Mapping, detail: Any, owner: str, *, prefix: str, choice: int
) -> Fault:
    location: Location = detail["loc"]
    unknown = detail["type"] == "extra_forbidden"
    place, _ = place_of(node, location, choice, key=unknown)
    field = prefix + path_text(_steps(location))
    name = path_text(_steps(location))
    if unknown:
        message, mend = _unknown_key(model, location, owner)
        return Fault(FaultCode.UNKNOWN_KEY, message, mend, place.line, place.column, field)
    code, meaning, mend = _meaning(detail, place)
    return Fault(code, f"{owner}: {name} {meaning}", mend, place.line, place.column, field)


def _unknown_key(model: type[Part], location: Location, owner: str) -> tuple[str, str]:
    key = str(location[-1])
    holder = model
    for step in location[:-1]:
        if isinstance(step, str):
            _, inner = shape(holder, step)
            holder = inner or holder
    inside = path_text(_steps(location[:-1]))
    known = keys_of(holder)
    near = _OTHER_WORDS.get(key, "")
    mend = f'did you mean "{near}"?' if near in known else did_you_mean(key, known)
    where = f"{inside} has" if inside else "there is"
    return f'{owner}: {where} no key "{key}"', mend or "remove it, or indent it below its key"


def _meaning(detail: Any, place: Node) -> tuple[FaultCode, str, str]:
    kind: str = detail["type"]
    given = f', not "{_shown(place)}"' if isinstance(place, Scalar) else ""
    context = detail.get("ctx") or {}
    if kind == FAULT_TYPE:
        return context["code"], context["message"], context["mend"]
    if kind == "enum":
        return FaultCode.UNKNOWN_WORD, *_unknown_method(place)
    if kind == "literal_error":
        return FaultCode.UNKNOWN_WORD, f"must be {context['expected']}{given}", _near(detail, place)
    for sign, words in (("greater_than_equal", "at least"), ("less_than_equal", "at most")):
        if kind == sign:
            bound = context.get("ge", context.get("le"))
            return FaultCode.OUT_OF_RANGE, f"must be {words} {bound}{given}", ""
    meaning, mend = _MEANINGS.get(kind.partition("_")[0], (str(detail["msg"]).lower(), ""))
    return FaultCode.WRONG_TYPE, f"{meaning}{given}", mend


def _unknown_method(place: Node) -> tuple[str, str]:
    word = place.text if isinstance(place, Scalar) else ""
    methods = [*(method.value for method in TaskMethod), "CUSTOM_..."]
    near = nearest(word, methods) or next((m for m in methods if m.startswith(word.upper())), "")
    mend = f'did you mean "{near}"?' if near else f"take one of {', '.join(methods)}"
    return f"{_quoted(word)} is not known", mend


def _near(detail: Any, place: Node) -> str:
    words = re.findall(r"'([^']+)'", detail["ctx"]["expected"])
    return did_you_mean(place.text, words) if isinstance(place, Scalar) else ""


def _quoted(word: str) -> str:
    return f'"{word[:60]}"'


def _shown(place: Scalar) -> str:
    return place.text if len(place.text) <= 60 else f"{place.text[:57]}..."


def _steps(location: Location) -> Location:
    """Drop the steps that validators add of their own (tags of unions)."""
    return tuple(step for step in location if step not in UNION_TAGS)


def path_text(location: Location) -> str:
    """Write a location as `services[0].ports`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
