"""Plays the gateway: calls the API with real events, on ports in memory."""

import base64
import copy
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.adapters.memory.fake_clock import FakeClock, SequentialIds
from formicary.bootstrap.in_memory import build_in_memory_api
from formicary.service_layer.control_plane import ControlPlane
from lambdas.handle_api.rest_api import RestApi

EVENTS = Path(__file__).parents[2] / "events"
HELLO = """\
job_type: hello
description: Says hello
tasks:
  - task_type: greet
    method: SHELL
    script:
      - echo hello {{.Name}}
    on_completed: part
  - task_type: part
    method: SHELL
    script:
      - echo goodbye
"""


def canned(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def gateway_event(
    method: str,
    path: str,
    body: bytes | str | None = None,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    caller: dict[str, str] | None = None,
) -> dict[str, Any]:
    event = copy.deepcopy(_REQUEST)
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
    if query:
        event["queryStringParameters"] = query
    if isinstance(body, bytes):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    elif body is not None:
        event["body"] = body
    if caller is not None:
        event["requestContext"]["authorizer"] = {"lambda": caller}
    return event


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ApiPlay:
    clock: FakeClock = field(default_factory=FakeClock)
    tenant: str = "acme"
    role: str = "admin"

    def __post_init__(self) -> None:
        self.plane: ControlPlane = build_in_memory_api(self.clock, SequentialIds())
        self.api = RestApi(self.plane, Logger(service="test"))

    def put_in_place(self, **ports: Any) -> None:
        """Go on with other ports, as if the function had started anew."""
        self.plane = replace(self.plane, **ports)
        self.api = RestApi(self.plane, Logger(service="test"))

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        if isinstance(body, dict | list):
            body = json.dumps(body)
            options.setdefault("headers", {"content-type": "application/json"})
        options.setdefault("caller", {"tenant": self.tenant, "user": "ann", "role": self.role})
        answer = self.api.handle(gateway_event(method, path, body, **options), None)
        content = answer.get("body") or ""
        raw = base64.b64decode(content) if answer["isBase64Encoded"] else content.encode()
        return Answer(answer["statusCode"], answer.get("headers", {}), raw)

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, body, **options)

    def define(self, text: str = HELLO) -> Answer:
        headers = {"content-type": "application/yaml"}
        return self.post("/api/jobs/definitions", text.encode(), headers=headers)

    def submit(self, job_type: str = "hello", **fields: Any) -> Answer:
        return self.post("/api/jobs/requests", {"job_type": job_type, **fields})


_REQUEST = canned("http_api_request")
