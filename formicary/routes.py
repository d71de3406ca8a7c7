"""The REST routes as data: which function serves each, and which roles may call it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class Role(StrEnum):
    """What a bearer token is good for.

    An operator is an admin of its tenant who may also change what holds for all tenants.
    """

    ADMIN = "admin"
    ANT = "ant"
    OPERATOR = "operator"


_ADMIN = frozenset({Role.ADMIN, Role.OPERATOR})
_ANY = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `public` routes come without a token."""

    method: str
    path: str
    roles: frozenset[Role] = _ADMIN
    function: str = "handle_api"
    public: bool = False

    def matches(self, path: str) -> bool:
        """Whether a request path is one of this route."""
        return _pattern(self.path).fullmatch(path) is not None


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/health", public=True),
    Route("GET", "/api/openapi.json", public=True),
    Route("GET", "/api/schema/job.json", public=True),
    Route("GET", "/api/jobs/definitions"),
    Route("POST", "/api/jobs/definitions"),
    Route("GET", "/api/jobs/definitions/{id}"),
    Route("DELETE", "/api/jobs/definitions/{id}"),
    Route("GET", "/api/jobs/definitions/{id}/yaml"),
    Route("GET", "/api/jobs/definitions/{id}/dot"),
    Route("GET", "/api/jobs/definitions/{id}/dot.png"),
    Route("GET", "/api/jobs/definitions/{id}/mermaid"),
    Route("GET", "/api/jobs/definitions/{id}/configs"),
    Route("POST", "/api/jobs/definitions/{id}/configs"),
    Route("GET", "/api/jobs/definitions/{id}/configs/{name}"),
    Route("PUT", "/api/jobs/definitions/{id}/configs/{name}"),
    Route("DELETE", "/api/jobs/definitions/{id}/configs/{name}"),
    Route("PUT", "/api/jobs/definitions/{id}/concurrency"),
    Route("POST", "/api/jobs/definitions/{id}/enable"),
    Route("POST", "/api/jobs/definitions/{id}/disable"),
    Route("GET", "/api/jobs/requests"),
    Route("POST", "/api/jobs/requests"),
    Route("GET", "/api/jobs/requests/{id}"),
    Route("GET", "/api/jobs/requests/{id}/dot"),
    Route("GET", "/api/jobs/requests/{id}/dot.png"),
    Route("GET", "/api/jobs/requests/{id}/mermaid"),
    Route("GET", "/api/jobs/requests/{id}/wait_time"),
    Route("GET", "/api/jobs/requests/{id}/history"),
    Route("GET", "/api/jobs/requests/{id}/notifications"),
    Route("POST", "/api/jobs/requests/{id}/cancel"),
    Route("POST", "/api/jobs/requests/{id}/pause"),
    Route("POST", "/api/jobs/requests/{id}/resume"),
    Route("POST", "/api/jobs/requests/{id}/trigger"),
    Route("POST", "/api/jobs/requests/{id}/restart"),
    Route("GET", "/api/jobs/requests/{id}/tasks/{task_type}/log"),
    Route("GET", "/api/orgs/{id}/configs"),
    Route("POST", "/api/orgs/{id}/configs"),
    Route("GET", "/api/orgs/{id}/configs/{name}"),
    Route("PUT", "/api/orgs/{id}/configs/{name}"),
    Route("DELETE", "/api/orgs/{id}/configs/{name}"),
    Route("GET", "/api/users/configs"),
    Route("POST", "/api/users/configs"),
    Route("GET", "/api/users/configs/{name}"),
    Route("PUT", "/api/users/configs/{name}"),
    Route("DELETE", "/api/users/configs/{name}"),
    Route("GET", "/api/errors"),
    Route("POST", "/api/errors"),
    Route("GET", "/api/errors/{id}"),
    Route("PUT", "/api/errors/{id}"),
    Route("DELETE", "/api/errors/{id}"),
    Route("GET", "/api/artifacts"),
    Route("POST", "/api/artifacts"),
    Route("GET", "/api/artifacts/{id}"),
    Route("GET", "/api/artifacts/{id}/download"),
    Route("GET", "/api/jobs/resources"),
    Route("POST", "/api/jobs/resources"),
    Route("GET", "/api/jobs/resources/{id}"),
    Route("PUT", "/api/jobs/resources/{id}"),
    Route("DELETE", "/api/jobs/resources/{id}"),
    Route("POST", "/api/jobs/resources/{id}/enable"),
    Route("POST", "/api/jobs/resources/{id}/disable"),
    Route("POST", "/api/jobs/resources/{id}/configs"),
    Route("DELETE", "/api/jobs/resources/{id}/configs/{config_id}"),
    Route("GET", "/api/limits"),
    Route("PUT", "/api/limits"),
    Route("GET", "/api/ants", _ANY),
    Route("POST", "/api/ants", _ANY),
    Route("GET", "/api/ants/{id}", _ANY),
    Route("POST", "/api/ants/{id}/heartbeat", _ANY),
    Route("POST", "/api/ants/{id}/drain"),
    Route("POST", "/api/ants/{id}/credentials", _ANY),
    Route("POST", "/api/ants/{id}/secrets", _ANY),
    Route("POST", "/api/ants/{id}/claims", _ANY, function="run_engine"),
)


def routes_of(path: str) -> Sequence[Route]:
    """Return the routes of a request path, one a method; none for an unknown path."""
    return [route for route in ROUTES if route.matches(path)]


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
