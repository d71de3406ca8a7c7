"""Body of `POST /api/jobs/requests`: what is asked for, checked before anything is stored."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field

from formicary.domain.errors import InvalidRequestError, PayloadTooLargeError
from formicary.domain.sem_version import parse_version
from formicary.service_layer.runnable_jobs import MAX_DIGITS
from formicary.service_layer.strict_body import StrictBody
from formicary.service_layer.task_variables import BUILT_IN_NAMES

MAX_PARAMS_BYTES = 64 * 1024
MAX_DEPTH = 20


def _number_from_text(value: str | int) -> str:
    return str(value)


def _no_odd_values(value: dict[str, Any]) -> dict[str, Any]:
    for name, item in value.items():
        _check_value(name, item, 0)
    return value


def _check_value(name: str, value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"{name} is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is not a finite number")
    if isinstance(value, str) and not _is_text(value):
        raise ValueError(f"{name} holds half of a surrogate pair")
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for item in children:
            _check_value(name, item, depth + 1)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class JobSubmission(StrictBody):
    """A job request as a user writes it."""

    job_type: str = Field(min_length=1, max_length=200, examples=["video-encoding"])
    job_version: Annotated[str | int, AfterValidator(_number_from_text)] = Field(
        default="", description="Version number or `sem_version`; the one in force when empty"
    )
    description: str = Field(default="", max_length=1000)
    platform: str = Field(default="", max_length=100)
    job_group: str = Field(default="", max_length=100)
    job_priority: int = Field(default=0, ge=-1000, le=1000)
    scheduled_at: AwareDatetime | None = Field(default=None, description="Not before this moment")
    user_key: str = Field(
        default="",
        max_length=200,
        description="While a request of this key has not ended, submitting again returns it",
    )
    params: Annotated[dict[str, Any], AfterValidator(_no_odd_values)] = Field(
        default_factory=dict, examples=[{"URL": "https://example.com/film.mp4"}]
    )

    @property
    def asked_for(self) -> tuple[str, str]:
        """Job type and version, which may stand behind a colon; empty for the one in force."""
        job_type, _, behind = self.job_type.partition(":")
        asked = str(self.job_version).strip()
        if asked and behind and asked != behind:
            raise InvalidRequestError(
                f"job_type names version {behind!r}, job_version {asked!r}: leave one of them out."
            )
        asked = asked or behind
        if asked and not _is_version(asked):
            raise InvalidRequestError(
                f"job_version {asked[:40]!r} is neither a version number nor a sem_version such as "
                "1.0; GET /api/jobs/definitions/{job_type} shows the one in force."
            )
        return job_type, asked


def _is_version(text: str) -> bool:
    if text.isascii() and text.isdigit():
        return len(text) <= MAX_DIGITS
    try:
        parse_version(text)
    except ValueError:
        return False
    return True


def check_params(job_type: str, required: Iterable[str], params: Mapping[str, Any]) -> None:
    """Refuse params that are too large, that hide built-in variables, or that are missing."""
    size = len(json.dumps(dict(params), default=str))
    if size > MAX_PARAMS_BYTES:
        raise PayloadTooLargeError(
            f"The params are {size} bytes long; at most {MAX_PARAMS_BYTES} are allowed. "
            "Upload large input as an artifact and pass its id.",
            limit_bytes=MAX_PARAMS_BYTES,
        )
    shadowed = sorted(BUILT_IN_NAMES & params.keys())
    if shadowed:
        raise InvalidRequestError(
            f"params may not set the built-in {_names(shadowed)}; choose other names.",
            params=shadowed,
        )
    missing = [name for name in required if params.get(name) in (None, "")]
    if missing:
        raise InvalidRequestError(
            f"{job_type} needs {_names(missing)} in params.", missing_params=missing
        )


def _names(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
