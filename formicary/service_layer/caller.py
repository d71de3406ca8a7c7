"""Who calls: read from what the authorizer found out, and checked against the route table."""

from collections.abc import Mapping
from typing import Any

from formicary.domain.errors import FormicaryError, NotAuthorizedError, NotFoundError
from formicary.domain.grants import words
from formicary.domain.records import Principal
from formicary.routes import Role, Route, routes_of


class UnauthenticatedError(FormicaryError):
    """A valid bearer token is needed: send `Authorization: Bearer <token>`."""

    code = "ERR_UNAUTHENTICATED"
    status = 401


class MethodNotAllowedError(FormicaryError):
    """The path is right, the method is not."""

    code = "ERR_METHOD_NOT_ALLOWED"
    status = 405


NOBODY = Principal(tenant="", user_id="", role="")


def admit(event: Mapping[str, Any], method: str, path: str) -> Principal:
    """Return who calls, or raise why this call is not served (401, 403, 404, 405)."""
    routes = routes_of(path)
    route = next((route for route in routes if route.method == method), None)
    if route is not None and route.public:
        return NOBODY
    principal = principal_of(event)
    if not routes:
        raise NotFoundError(f"There is no path {path}; GET /api/openapi.json lists all there are.")
    if route is None:
        allowed = sorted(known.method for known in routes)
        raise MethodNotAllowedError(f"{path} takes {' and '.join(allowed)}.", allow=allowed)
    _check_role(principal, route)
    return principal


def principal_of(event: Mapping[str, Any]) -> Principal:
    """Return the tenant and role that the authorizer put beside the request; 401 without them."""
    authorizer = (event.get("requestContext") or {}).get("authorizer") or {}
    context = authorizer.get("lambda") or {}
    return principal_of_context(context)


def principal_of_context(context: Mapping[str, Any]) -> Principal:
    """Return whom an authorizer found; UnauthenticatedError when it was nobody."""
    if not context.get("tenant") or context.get("role") not in set(Role):
        raise UnauthenticatedError
    return Principal(
        tenant=str(context["tenant"]),
        user_id=str(context.get("user") or ""),
        role=str(context["role"]),
        methods=words(context.get("methods")),
        tags=words(context.get("tags")),
    )


def _check_role(principal: Principal, route: Route) -> None:
    if principal.role not in route.roles:
        raise NotAuthorizedError(
            f"A token of the role {principal.role!r} may not call {route.method} {route.path}."
        )
