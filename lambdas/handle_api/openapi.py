"""The description of the API (OpenAPI 3.1), generated from the routes."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from formicary import __version__
from formicary.routes import ROUTES
from formicary.service_layer.problem import PROBLEM_MEDIA_TYPE, Problem

_REFERENCE = "#/components/schemas/"
# What the generator assumes of errors; ours are problem documents.
_GENERATED_ERRORS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


def describe(resolver: APIGatewayHttpResolver) -> dict[str, Any]:
    """Return the description of all routes of a resolver."""
    document: dict[str, Any] = json.loads(
        resolver.get_openapi_json_schema(
            title="Formicary",
            version=__version__,
            description="Jobs as graphs of tasks: define, submit, watch.",
            security_schemes={"bearer": HTTPBearer(description="An API token")},
            security=[{"bearer": []}],
        )
    )
    schemas = document["components"]["schemas"]
    for name in _GENERATED_ERRORS:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template=_REFERENCE + "{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _mend(operation, public=_is_public(method, path))
    return document


def _mend(operation: dict[str, Any], *, public: bool) -> None:
    operation.update(operation.pop("x-raw-body", {}))
    if public:
        operation["security"] = []
    for status in ("422", "500"):
        operation["responses"].pop(status, None)
    operation["responses"]["default"] = {
        "description": "What went wrong (RFC 9457)",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _REFERENCE + "Problem"}}},
    }


def _is_public(method: str, path: str) -> bool:
    return any(r.public and r.path == path and r.method == method.upper() for r in ROUTES)
