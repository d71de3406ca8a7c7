"""Types of the fields of a definition, lenient in form: lists and maps where either makes sense."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    model_validator,
)
from pydantic_core import PydanticCustomError

from formicary.domain.durations import parse_duration
from formicary.domain.fault_codes import FaultCode

FAULT_TYPE = "formicary"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_BASED = re.compile(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_REAL = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d{1,3})?")
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Aside:
    """Stands where a value is that has no say now: a template fills it, or it is faulty."""


ASIDE: Final = Aside()


class Plain(str):
    """A scalar without quotes: text, until a field that has no type of its own asks for more."""

    __slots__ = ()

    def resolved(self) -> Any:
        """Return the value that YAML 1.2 gives the text (`on` and `yes` stay text)."""
        text = str(self)
        if text in _NULLS:
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _BASED.fullmatch(text):
            return int(text, 0)
        return float(text) if _REAL.fullmatch(text) and len(text) < 40 else text


class Rendered(Plain):
    """What a template without quotes gave: typed only where the text can be written back from it.

    A commit id such as `12e4567` or a zip code `01234` must not turn into a number.
    """

    __slots__ = ()

    def resolved(self) -> Any:
        """Return the typed value, or the text where typing would lose something."""
        value = super().resolved()
        if isinstance(value, bool) or value is None:
            return value if str(self) in ("true", "false") else str(self)
        return value if str(value) == str(self) else str(self)


def resolve(value: Any) -> Any:
    """Type the plain scalars of a value."""
    match value:
        case Plain():
            return value.resolved()
        case dict():
            return {str(key): resolve(item) for key, item in value.items()}
        case list():
            return [resolve(item) for item in value]
    return value


def fault(
    message: str, mend: str = "", code: FaultCode = FaultCode.BAD_VALUE
) -> PydanticCustomError:
    """Make the error of a validator; the message follows the name of the field."""
    context = {"message": message, "mend": mend, "code": code}
    return PydanticCustomError(FAULT_TYPE, "{message}", context)


def check_by(
    parse: Callable[[str], object], message: str, mend: str, code: FaultCode
) -> Callable[[str], str]:
    """Make a validator of a parser that raises ValueError; the text stays as it is written."""

    def check(text: str) -> str:
        try:
            if text:
                parse(text)
        except ValueError as error:
            raise fault(f"{message}: {error}", mend, code) from error
        return text

    return check


def check_text(pattern: str, message: str, mend: str) -> Callable[[str], str]:
    """Make a validator that holds a text against a pattern."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise fault(f'{message}, not "{text[:60]}"', mend)
        return text

    return check


def _text_list(value: Any) -> Any:
    if isinstance(value, str):
        return [str(value)]
    return value


def _name_list(value: Any) -> Any:
    """Take a list, a map (its keys) or words in one text."""
    if isinstance(value, str):
        return [value] if "{{" in value else value.replace(",", " ").split()
    return list(value) if isinstance(value, dict) else value


def _pairs(value: Any) -> Any:
    """Take a map, or a list of `{name, value}` or of one-entry maps."""
    if not isinstance(value, list):
        return value
    pairs: dict[str, Any] = {}
    for item in value:
        if not isinstance(item, dict):
            raise fault(
                "must be a map of names and values",
                "write `NAME: value` lines",
                FaultCode.WRONG_TYPE,
            )
        if "name" in item and set(item) <= {"name", "value"}:
            pairs[str(item["name"])] = item.get("value", "")
        else:
            pairs.update(item)
    return pairs


def text_map(value: Any) -> Any:
    """Take a map, or a list of pairs, of scalars and nested values as texts."""
    pairs = _pairs(value)
    if not isinstance(pairs, Mapping):
        return pairs
    return {str(key): _as_text(item) for key, item in pairs.items()}


def _as_text(value: Any) -> str:
    if value is None or value is ASIDE:
        return ""
    return value if isinstance(value, str) else json.dumps(resolve(value))


def _variables(value: Any) -> Any:
    return resolve(_pairs(value))


def _fork_items(value: Any) -> Any:
    """Take a list of anything, or a text that is rendered to one."""
    if isinstance(value, list):
        return resolve(value)
    if isinstance(value, str):
        return str(value)
    raise fault(
        "must be a list, or a text that gives one",
        "begin each item with - , or write a JSON list or an item a line",
        FaultCode.WRONG_TYPE,
    )


def _seconds(value: Any) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise fault(
            f"must be a duration: {error}",
            "write it as 1h30m, 10s, 500ms or a number of seconds",
            FaultCode.BAD_DURATION,
        ) from error


def _routes(value: Any) -> Any:
    """Read the keys of `on_exit_code`: any scalar, upper-cased."""
    if not isinstance(value, Mapping):
        return value
    return {str(key).strip().upper(): item for key, item in value.items()}


def _url(value: str) -> str:
    if value and "{{" not in value and not _URL.fullmatch(value):
        raise fault(f'must be a URL, not "{value[:60]}"', "begin it with https:// or http://")
    return value


Url = Annotated[str, AfterValidator(_url)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
TextList = Annotated[list[str], BeforeValidator(_text_list)]
NameList = Annotated[list[str], BeforeValidator(_name_list)]
TextMap = Annotated[dict[str, str], BeforeValidator(text_map)]
Variables = Annotated[dict[str, Any], BeforeValidator(_variables)]
Routes = Annotated[dict[str, str], BeforeValidator(_routes)]
Targets = Annotated[tuple[str, ...], BeforeValidator(_text_list)]
ForkItems = Annotated[list[Any] | str, BeforeValidator(_fork_items)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class Part(BaseModel):
    """A part of a definition: frozen, no unknown keys; a key without a value counts as absent."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, coerce_numbers_to_str=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nothings(cls, data: Any) -> Any:
        if isinstance(data, dict) and (None in data.values() or ASIDE in data.values()):
            return {key: value for key, value in data.items() if value not in (None, ASIDE)}
        return data


class NeedyPart(Part):
    """A part in which some keys must have a value."""

    needs: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _has_what_it_needs(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        made = handler(data)
        if isinstance(data, dict):
            missing = [key for key in cls.needs if data.get(key) in (None, "", [])]
            if missing:
                mend = f"add {missing[0]}: to it"
                raise fault(f"has no {' and no '.join(missing)}", mend, FaultCode.MISSING_FIELD)
        return made
