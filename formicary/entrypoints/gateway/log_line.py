"""What the one log line of a request tells: enough to find it again, nothing of its body."""

from collections.abc import Mapping
from typing import Any


def request_fields(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Return the fields of the log line of a request."""
    request = event.get("requestContext") or {}
    http = request.get("http") or {}
    caller = (request.get("authorizer") or {}).get("lambda") or {}
    return {
        "method": http.get("method"),
        "path": event.get("rawPath"),
        "request_id": request.get("requestId"),
        "function_request_id": getattr(context, "aws_request_id", None),
        "tenant": caller.get("tenant"),
        "user": caller.get("user"),
    }
