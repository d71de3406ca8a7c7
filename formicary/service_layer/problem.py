"""Errors as RFC 9457 problem documents: the one place that knows what a caller is told."""

import dataclasses
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from formicary.domain.errors import FormicaryError, InvalidDefinitionError

PROBLEM_MEDIA_TYPE = "application/problem+json"
_URN = "urn:formicary:error:"


class ProblemFault(BaseModel):
    """One thing that is wrong with the input, where, and how to mend it."""

    code: str
    message: str
    mend: str = ""
    line: int | None = None
    column: int | None = None
    field: str = ""


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `errors` lists all faults of the input."""

    type: str = Field(examples=[_URN + "ERR_NOT_FOUND"])
    title: str
    status: int
    detail: str
    code: str
    instance: str = ""
    errors: list[ProblemFault] = Field(default_factory=list)


def problem_of(error: FormicaryError) -> dict[str, Any]:
    """Describe an error of the product; its details become members of the document.

    What failed inside is for our log, not for the caller.
    """
    if error.status >= 500:
        return UNAVAILABLE_PROBLEM if error.retryable else INTERNAL_PROBLEM
    document = problem(error.status, error.code, error.message)
    if isinstance(error, InvalidDefinitionError):
        document["errors"] = [_fault(fault) for fault in error.faults]
    return {**error.details, **document}


def problem_of_validation(errors: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Describe what pydantic found wrong with a request."""
    faults = [_fault_of_pydantic(error) for error in errors]
    words = "; ".join(f"{fault['field'] or 'body'}: {fault['message']}" for fault in faults[:5])
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    return {**problem(400, "ERR_VALIDATION", words + more), "errors": faults}


def problem(status: int, code: str, detail: str) -> dict[str, Any]:
    """Describe anything else."""
    return {
        "type": _URN + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


INTERNAL_PROBLEM = problem(
    500, "ERR_INTERNAL", "Something went wrong on our side; the log of the function tells what."
)
UNAVAILABLE_PROBLEM = problem(
    503, "ERR_UNAVAILABLE", "A service that is needed does not answer now; try again in a moment."
)


def _fault(fault: Any) -> dict[str, Any]:
    if isinstance(fault, BaseModel):
        return fault.model_dump(mode="json")
    if dataclasses.is_dataclass(fault) and not isinstance(fault, type):
        return dataclasses.asdict(fault)
    return dict(fault)


def _fault_of_pydantic(error: Mapping[str, Any]) -> dict[str, Any]:
    """Name the field as the caller wrote it: `params.name`, `in_flight.0.attempt`."""
    path = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
    message = str(error["msg"]).removeprefix("Value error, ")
    return {"code": "ERR_VALIDATION", "message": message, "field": ".".join(path)}
