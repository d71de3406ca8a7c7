"""Answers that are not a success, turned into the errors of the product (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from formicary.domain.errors import (
    ConflictError,
    FormicaryError,
    InvalidDefinitionError,
    InvalidRequestError,
    NotAuthorizedError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)

_ERRORS: dict[int, type[FormicaryError]] = {
    401: NotAuthorizedError,
    403: NotAuthorizedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
}
_ABOUT_THE_PROBLEM_ITSELF = frozenset({"type", "title", "status", "detail", "code", "instance"})


def error_from(status: int, body: bytes) -> FormicaryError:
    """Return the error that an answer stands for; its `code` is the one in the answer."""
    problem = _parse(body)
    message = _message(status, problem, body)
    error = _build(status, message, problem)
    error.details = {k: v for k, v in problem.items() if k not in _ABOUT_THE_PROBLEM_ITSELF}
    if problem.get("code"):
        error.code = str(problem["code"])
    return error


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _message(status: int, problem: Mapping[str, Any], body: bytes) -> str:
    # The gateway itself answers {"message": ...} where no function was asked.
    for key in ("detail", "title", "message"):
        if problem.get(key):
            return str(problem[key])
    text = body[:200].decode(errors="replace").strip()
    return f"HTTP {status}: {text}" if text else f"HTTP {status}"


def _build(status: int, message: str, problem: Mapping[str, Any]) -> FormicaryError:
    faults = _faults(problem)
    if faults:
        return InvalidDefinitionError(message, faults)
    if status in _ERRORS:
        return _ERRORS[status](message)
    if status == 429 or status >= 500:
        return UnavailableError(f"The control plane answered {status}: {message}")
    return InvalidRequestError(message)


def _faults(problem: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    # Faults of a plain request have no line, and the detail has said it all.
    found = problem.get("errors")
    faults = (
        [fault for fault in found if isinstance(fault, dict)] if isinstance(found, list) else []
    )
    placed = any(fault.get("line") for fault in faults)
    return faults if placed or problem.get("code") == InvalidDefinitionError.code else []
