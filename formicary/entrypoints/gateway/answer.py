"""Answers in the form that the gateway takes from a function."""

import json
from collections.abc import Mapping
from typing import Any

from formicary.service_layer.problem import PROBLEM_MEDIA_TYPE


def problem_answer(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return a problem document (RFC 9457)."""
    headers = {"Content-Type": PROBLEM_MEDIA_TYPE, **_headers_of_status(problem)}
    return _answer(problem["status"], headers, json.dumps(problem, default=str))


def json_answer(status: int, body: str) -> dict[str, Any]:
    """Return a body that is JSON already."""
    return _answer(status, {"Content-Type": "application/json"}, body)


def _answer(status: int, headers: dict[str, str], body: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": headers,
        "body": body,
        "isBase64Encoded": False,
        "cookies": [],
    }


def _headers_of_status(problem: Mapping[str, Any]) -> dict[str, str]:
    """Headers that go with a status (RFC 9110)."""
    if problem["status"] == 401:
        return {"WWW-Authenticate": "Bearer"}
    if problem["status"] == 405:
        return {"Allow": ", ".join(problem.get("allow", []))}
    if problem["status"] == 503:
        return {"Retry-After": "1"}
    return {}
