"""Every route, by every role, and with no token at all."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.logging import Logger

from formicary.routes import ROUTES, Role, Route, routes_of
from lambdas.run_engine.answer_claim import answer_claim
from tests.unit.lambdas.api_play import ApiPlay, gateway_event

OURS = [route for route in ROUTES if route.function == "handle_api"]
GUARDED = [route for route in ROUTES if not route.public]
# What an ant needs; anything added here is a right given to every host that runs one.
OPEN_TO_ANTS = {
    "GET /api/ants",
    "POST /api/ants",
    "GET /api/ants/{id}",
    "POST /api/ants/{id}/heartbeat",
    "POST /api/ants/{id}/credentials",
    "POST /api/ants/{id}/secrets",
    "POST /api/ants/{id}/claims",
}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route) -> str:
    path = route.path.replace("{id}", "nobody").replace("{task_type}", "nothing")
    return path.replace("{name}", "nothing")


def status_of(api: ApiPlay, route: Route, caller: dict[str, str]) -> int:
    event = gateway_event(route.method, path_of(route), caller=caller)
    if route.function == "run_engine":
        return answer_claim(None, event, Logger(service="test"))["statusCode"]  # type: ignore[arg-type]
    return api.api.handle(event, None)["statusCode"]


def test_the_resolver_serves_exactly_the_routes_of_the_table(api: ApiPlay) -> None:
    resolver: Any = api.api.resolver
    assert isinstance(resolver, APIGatewayHttpResolver)

    served = {
        f"{route.method} {route.path.replace('<', '{').replace('>', '}')}"
        for route in resolver._static_routes + resolver._dynamic_routes
    }

    assert served == {name(route) for route in OURS}


def test_ants_may_call_no_more_than_they_need() -> None:
    assert {name(route) for route in ROUTES if Role.ANT in route.roles} == OPEN_TO_ANTS


@pytest.mark.parametrize("route", GUARDED, ids=name)
@pytest.mark.parametrize(
    "caller",
    [{}, {"tenant": "", "user": "", "role": ""}, {"tenant": "acme", "user": "x", "role": "root"}],
    ids=["no authorizer", "token of nobody", "unknown role"],
)
def test_without_a_good_token_the_answer_is_401(
    api: ApiPlay, route: Route, caller: dict[str, str]
) -> None:
    assert status_of(api, route, caller) == 401


@pytest.mark.parametrize("route", GUARDED, ids=name)
@pytest.mark.parametrize("role", Role)
def test_roles_open_what_the_table_says(api: ApiPlay, route: Route, role: Role) -> None:
    status = status_of(api, route, {"tenant": "acme", "user": "x", "role": role})

    assert (status == 403) == (role not in route.roles)
    assert status not in (401, 405, 500)


@pytest.mark.parametrize("path", ["/api/health", "/api/openapi.json", "/api/schema/job.json"])
def test_what_is_public_needs_no_token(api: ApiPlay, path: str) -> None:
    assert api.get(path, caller={}).status == 200


def test_a_refusal_is_a_problem_document_that_tells_how_to_authenticate(api: ApiPlay) -> None:
    answer = api.get("/api/jobs/requests", caller={})

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json["code"] == "ERR_UNAUTHENTICATED"


def test_an_unknown_path_is_404(api: ApiPlay) -> None:
    assert api.get("/api/jobs/nothing").json["code"] == "ERR_NOT_FOUND"
    assert api.get('/api/jobs/requests/a"b').status == 404
    assert api.get("/api/jobs/requests/a%2Fb").status == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_a_wrong_method_is_405_with_the_right_ones(api: ApiPlay, method: str) -> None:
    answer = api.call(method, "/api/jobs/requests")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


def test_no_path_has_two_routes_for_one_method() -> None:
    for route in ROUTES:
        assert len([r for r in routes_of(path_of(route)) if r.method == route.method]) == 1


def test_the_description_names_every_route_and_its_problems(api: ApiPlay) -> None:
    document = json.loads(api.get("/api/openapi.json", caller={}).body)

    described = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    assert described == {name(route) for route in OURS} - {"GET /api/openapi.json"}
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            assert operation["tags"]
            assert "422" not in operation["responses"]
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert document["paths"]["/api/health"]["get"]["security"] == []


def test_every_reference_of_the_description_leads_somewhere(api: ApiPlay) -> None:
    text = api.get("/api/openapi.json", caller={}).body.decode()
    schemas = json.loads(text)["components"]["schemas"]

    references = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}

    assert references <= set(schemas)
