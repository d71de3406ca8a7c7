"""The description of the API is OpenAPI 3.1, whole, and tells of every route."""

from __future__ import annotations

import re
from typing import Any

import pytest

from formicary.routes import ROUTES

ISSUED = {
    ("post", "/api/jobs/definitions"),
    ("get", "/api/jobs/definitions"),
    ("get", "/api/jobs/definitions/{id}"),
    ("delete", "/api/jobs/definitions/{id}"),
    ("get", "/api/jobs/definitions/{id}/yaml"),
    ("get", "/api/jobs/definitions/{id}/dot"),
    ("post", "/api/jobs/requests"),
    ("get", "/api/jobs/requests"),
    ("get", "/api/jobs/requests/{id}"),
    ("post", "/api/jobs/requests/{id}/cancel"),
    ("post", "/api/jobs/requests/{id}/restart"),
    ("get", "/api/jobs/requests/{id}/tasks/{task_type}/log"),
    ("get", "/api/artifacts"),
    ("post", "/api/artifacts"),
    ("get", "/api/artifacts/{id}"),
    ("get", "/api/artifacts/{id}/download"),
    ("get", "/api/ants"),
    ("get", "/api/ants/{id}"),
    ("get", "/api/health"),
}
# The description of itself, and what is served beside the REST API's function.
UNTOLD = {("get", "/api/openapi.json"), ("post", "/api/ants/{id}/claims")}


@pytest.fixture(scope="module")
def document(api) -> dict[str, Any]:
    answer = api.send("GET", f"{api.url}/api/openapi.json")  # without a token
    assert answer.status == 200
    return answer.json


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def references(node: Any):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_it_names_its_version_and_title(document):
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"]
    assert document["info"]["version"]


def test_it_lists_every_route(document):
    told = {(method, path) for method, path, _ in operations(document)}

    assert told >= ISSUED
    assert {(route.method.lower(), route.path) for route in ROUTES} - told <= UNTOLD


def test_every_reference_leads_somewhere(document):
    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]


def test_every_operation_has_a_name_answers_and_the_params_of_its_path(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(document):
        assert operation["responses"], (method, path)
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter["in"] in {"path", "query", "header", "cookie"}
            assert parameter["in"] != "path" or parameter["required"] is True


def test_it_says_which_routes_need_a_token(document):
    (scheme,) = document["components"]["securitySchemes"].values()
    assert scheme["type"] == "http"
    assert document["security"]
    assert document["paths"]["/api/health"]["get"]["security"] == []
