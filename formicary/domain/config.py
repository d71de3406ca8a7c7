"""Configs: variables that belong to an organization, a user or a job type, whatever the version."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from formicary.domain.errors import InvalidRequestError, PayloadTooLargeError

MAX_VALUE_BYTES = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


class ConfigScope(StrEnum):
    """Whose configs they are."""

    ORGANIZATION = "org"
    USER = "user"
    JOB = "job"


class ConfigKind(StrEnum):
    """What a value is."""

    STRING = "string"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ConfigOwner:
    """One organization (`name` is empty: the tenant itself), one user, or one job type."""

    scope: ConfigScope
    name: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """A named value of an owner. A secret has no value here: it is `sealed`."""

    owner: ConfigOwner
    name: str
    value: Any
    created_at: datetime
    updated_at: datetime
    user_id: str = ""
    sealed: str = ""

    @property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return bool(self.sealed)

    @property
    def kind(self) -> ConfigKind:
        """What the value is; secrets are texts."""
        return ConfigKind.STRING if self.secret else kind_of(self.value)


def kind_of(value: Any) -> ConfigKind:
    """Return what a value is; yes and no are no numbers."""
    match value:
        case bool():
            return ConfigKind.BOOL
        case str():
            return ConfigKind.STRING
        case int():
            return ConfigKind.INT
        case float():
            return ConfigKind.FLOAT
        case _:
            return ConfigKind.JSON


def check_name(name: str) -> str:
    """Return a name that a template can mention; InvalidRequestError for any other."""
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"The name {name[:100]!r} is not allowed: take up to 100 letters, digits, "
            "underscores, dots or dashes, a letter or an underscore first."
        )
    return name


def value_as(value: Any, kind: ConfigKind | None) -> Any:
    """Return a value as its kind says, from text too; InvalidRequestError when it cannot be."""
    try:
        meant = value if kind in {None, kind_of(value)} else _read(value, kind)
        size = len(json.dumps(meant, allow_nan=False).encode())
    except (ValueError, RecursionError):
        told = value[:60] if isinstance(value, str) else "that"
        raise InvalidRequestError(f"The value is no {kind or 'JSON'}: {told!r}.") from None
    if size > MAX_VALUE_BYTES:
        raise PayloadTooLargeError(
            f"The value is {size} bytes long; at most {MAX_VALUE_BYTES} are allowed. "
            "Upload large data as an artifact and keep its id.",
            limit_bytes=MAX_VALUE_BYTES,
        )
    return meant


def _read(value: Any, kind: ConfigKind | None) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    match kind:
        case ConfigKind.INT:
            return int(text)
        case ConfigKind.FLOAT:
            return float(text)
        case ConfigKind.BOOL:
            return _read_bool(text)
        case ConfigKind.JSON:
            return json.loads(text)
        case _:
            return text


def _read_bool(text: str) -> bool:
    if text.strip().lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.strip().lower() == "true"
