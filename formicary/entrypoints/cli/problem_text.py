"""Errors in words: what is wrong, where, and how to mend it."""

from collections.abc import Mapping
from typing import Any

from formicary.domain.errors import (
    FormicaryError,
    InvalidDefinitionError,
    NotAuthorizedError,
    UnavailableError,
)
from formicary.domain.faults import Fault, excerpt


def problem_text(error: FormicaryError) -> str:
    """Return an error as it is printed on stderr."""
    lines = [f"formicary: {error.message}"]
    if isinstance(error, InvalidDefinitionError):
        lines += [fault_text(fault, "", "") for fault in error.faults]
    if isinstance(error, NotAuthorizedError):
        lines.append(
            "Is the token right? It is taken from --token, FORMICARY_TOKEN or .formicary/env."
        )
    if isinstance(error, UnavailableError) and error.details.get("reachable") is False:
        lines.append("Is it up? `make up` starts the local system.")
    return "\n".join(lines)


def fault_text(fault: Mapping[str, Any], file: str, text: str | bytes) -> str:
    """Return one fault: its place, message and code, the line with a caret, the mend."""
    line, column = int(fault.get("line") or 0), int(fault.get("column") or 0)
    place = ":".join(str(part) for part in (file, line, column) if part)
    field = str(fault.get("field") or "")
    message = str(fault.get("message") or "")
    code = f" [{fault['code']}]" if fault.get("code") else ""
    told = [": ".join(part for part in (place, field, message) if part) + code]
    told += excerpt(text, Fault("", message, line=line, column=column)).splitlines()
    mend = str(fault.get("mend") or "")
    if mend:
        told.append(f"      = {mend}")
    return "\n".join(told)
