"""Errors in words: what is wrong, where, and how to mend it."""

from collections.abc import Mapping
from typing import Any

from formicary.domain.errors import (
    FormicaryError,
    InvalidDefinitionError,
    NotAuthorizedError,
    UnavailableError,
)


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


def fault_text(fault: Mapping[str, Any], file: str, text: str) -> str:
    """Return one fault of a definition: place, field, message, the line with a caret, the mend."""
    line, column = int(fault.get("line") or 0), int(fault.get("column") or 0)
    place = ":".join(str(part) for part in (file, line, column) if part)
    field = str(fault.get("field") or "")
    message = str(fault.get("message") or fault.get("detail") or "")
    told = [": ".join(part for part in (place, field, message) if part)]
    told += excerpt(text, line, column)
    mend = str(fault.get("mend") or fault.get("hint") or "")
    if mend:
        told.append(f"    mend: {mend}")
    return "\n".join(told)


def excerpt(text: str, line: int, column: int) -> list[str]:
    """Return a line of a text and a caret under the column; nothing when there is no such line."""
    lines = text.splitlines()
    if not 1 <= line <= len(lines):
        return []
    source = lines[line - 1].replace("\t", " ")
    number = f"{line:>5}"
    told = [f"{number} | {source}"]
    if 1 <= column <= len(source) + 1:
        told.append(f"{' ' * len(number)} | {' ' * (column - 1)}^")
    return told
