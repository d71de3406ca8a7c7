"""A request before it is routed: its body in bytes, within limits, and JSON that can be read."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from formicary.domain.errors import InvalidRequestError, PayloadTooLargeError

KIB = 1024
MAX_BODY = 1024 * KIB
# The gateway hands a function 6 MB at most; base64 makes four bytes of three.
MAX_BODY_OF = {
    ("POST", "/api/jobs/definitions"): 256 * KIB,
    ("POST", "/api/artifacts"): 4096 * KIB,
}
RAW_BODIES = frozenset(MAX_BODY_OF)
# What clients send that were not told a type: curl's --data, and none at all. JSON is YAML, too.
_UNTYPED = (
    "",
    "application/x-www-form-urlencoded",
    "application/yaml",
    "text/plain",
    "application/octet-stream",
)


class UnsupportedMediaTypeError(InvalidRequestError):
    """The body is of a type that is not understood here."""

    code = "ERR_MEDIA_TYPE"
    status = 415


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came. `path` has no stage and no query."""

    method: str
    path: str
    content_type: str
    body: bytes

    @property
    def has_raw_body(self) -> bool:
        """Whether the body is stored as it came."""
        return (self.method, self.path) in RAW_BODIES


def read_incoming(event: Mapping[str, Any]) -> Incoming:
    """Read a request of an HTTP API (payload version 2.0)."""
    http = event["requestContext"]["http"]
    stage = event["requestContext"].get("stage", "$default")
    path = unquote(str(event.get("rawPath") or http["path"]))
    headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
    incoming = Incoming(
        method=str(http["method"]).upper(),
        path=path if stage == "$default" else path.removeprefix(f"/{stage}"),
        content_type=headers.get("content-type", ""),
        body=_body(event),
    )
    _check_size(incoming)
    return incoming


def with_json_body(event: dict[str, Any], incoming: Incoming) -> dict[str, Any]:
    """Return the event with a body that is JSON, whatever its type was called, or with none."""
    media_type = incoming.content_type.partition(";")[0].strip().lower()
    if incoming.body and media_type not in _UNTYPED and not media_type.endswith("json"):
        raise UnsupportedMediaTypeError(
            f"Content-Type {media_type!r} is not understood here; send application/json."
        )
    if incoming.body:
        _check_json(incoming.body)
    headers = {k: v for k, v in (event.get("headers") or {}).items() if k.lower() != "content-type"}
    return {
        **event,
        "headers": {**headers, "content-type": "application/json"},
        "body": incoming.body.decode(),
        "isBase64Encoded": False,
    }


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError("The body cannot be read.") from error


def _check_size(incoming: Incoming) -> None:
    limit = MAX_BODY_OF.get((incoming.method, incoming.path), MAX_BODY)
    if len(incoming.body) > limit:
        raise PayloadTooLargeError(
            f"The body is {len(incoming.body)} bytes long; {incoming.method} {incoming.path} "
            f"takes at most {limit} bytes ({limit // KIB} KiB).",
            limit_bytes=limit,
        )


def _check_json(body: bytes) -> None:
    try:
        json.loads(body.decode())
    except json.JSONDecodeError as error:
        raise InvalidRequestError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not JSON in UTF-8 of a sane depth.") from error
