"""Tables of the REST API: routes, their parameters, and error codes, from the code itself."""

from typing import Any

from formicary.domain.errors import FormicaryError
from formicary.domain.states import ErrorCode
from formicary.entrypoints.gateway import incoming
from formicary.routes import ROUTES, Role, Route
from formicary.service_layer import caller
from lambdas.handle_api.openapi import describe
from tests.unit.docs.field_tables import table
from tests.unit.lambdas.api_play import ApiPlay

# Served, and not described: one is the description itself, the other is another function's.
_UNDESCRIBED = {
    "GET /api/openapi.json": ("This API as OpenAPI 3.1", "200"),
    "POST /api/ants/{id}/claims": ("Ask to run a task message that was delivered before", "200"),
}
# Never an answer of their own: a commit is tried again, a template's fault is one of a definition.
_NOT_OVER_HTTP = {"ERR_CONCURRENT_UPDATE", "ERR_TEMPLATE"}
_ALSO_ANSWERED = {"POST /api/jobs/definitions": "200", "POST /api/jobs/requests": "200"}


def routes_table() -> str:
    rows = [
        (f"`{route.method}`", f"`{route.path}`", _roles(route), *_said(route)) for route in ROUTES
    ]
    return table(("method", "path", "role", "what it does", "status"), rows)


def parameters_table() -> str:
    rows = [
        (
            f"`{route.method} {route.path}`",
            f"`{parameter['name']}`",
            _kind(parameter["schema"]),
            parameter.get("description", ""),
        )
        for route in ROUTES
        for parameter in _operation(route).get("parameters", [])
        if parameter["in"] == "query"
    ]
    return table(("route", "parameter", "value", "meaning"), rows)


def errors_table() -> str:
    """The codes of problem documents; the last word of a class's docstring is its message."""
    rows = sorted(
        (str(kind.status), f"`{kind.code}`", (kind.__doc__ or "").strip().splitlines()[0])
        for kind in _error_kinds()
        if kind.code not in _NOT_OVER_HTTP
    )
    return table(("status", "code", "meaning"), list(dict.fromkeys(rows)))


def ant_routes_table() -> str:
    rows = [(f"`{r.method} {r.path}`", _said(r)[0]) for r in ROUTES if Role.ANT in r.roles]
    return table(("route", "what it does"), rows)


def error_code_names() -> list[str]:
    return [code.value for code in ErrorCode]


def _error_kinds() -> list[type[FormicaryError]]:
    assert caller.UnauthenticatedError
    assert incoming.UnsupportedMediaTypeError
    found: list[type[FormicaryError]] = []
    pending: list[type[FormicaryError]] = [FormicaryError]
    while pending:
        kind = pending.pop()
        if not kind.__module__.startswith(("formicary.entrypoints.cli", "formicary.adapters")):
            found.append(kind)
        pending.extend(kind.__subclasses__())
    return [kind for kind in found if not kind.__module__.startswith("formicary.entrypoints.local")]


def _said(route: Route) -> tuple[str, str]:
    name = f"{route.method} {route.path}"
    if name in _UNDESCRIBED:
        return _UNDESCRIBED[name]
    operation = _operation(route)
    statuses = [status for status in operation["responses"] if status.isdigit()]
    if name in _ALSO_ANSWERED:
        statuses.append(_ALSO_ANSWERED[name])
    return operation["summary"], ", ".join(sorted(statuses))


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = _paths().get(route.path, {}).get(route.method.lower(), {})
    return found


def _paths() -> dict[str, Any]:
    if not _CACHE:
        _CACHE.update(describe(ApiPlay().api.resolver)["paths"])
    return _CACHE


_CACHE: dict[str, Any] = {}


def _roles(route: Route) -> str:
    return "none" if route.public else ", ".join(sorted(route.roles - {Role.OPERATOR}))


def _kind(schema: dict[str, Any]) -> str:
    kinds = [schema, *schema.get("anyOf", [])]
    name = next(kind["type"] for kind in kinds if kind.get("type") not in (None, "null"))
    words = {"integer": "whole number", "string": "text", "boolean": "true or false"}
    word = words[name]
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        word += f", {int(low)} to {int(high)}"
    default = schema.get("default")
    if default in (None, ""):
        return word
    return f"{word}; default {str(default).lower() if isinstance(default, bool) else default}"
