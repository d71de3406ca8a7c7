"""Two tenants on one system: neither sees, nor can do, anything of the other's."""

from __future__ import annotations

import json

import pytest

from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.adapters.system import UlidGenerator
from formicary.routes import Role
from formicary.service_layer.create_token import create_token

TEXT = """
job_type: e2e-private
tasks:
- task_type: make
  method: SHELL
  script: ['echo of the first tenant', 'echo mine > mine.txt']
  artifacts:
    paths: [mine.txt]
"""


def token(system, tenant: str, role: Role) -> str:
    table = json.loads((system.home.folder / "outputs.json").read_text())
    name = next(out["TableName"] for out in table.values() if "TableName" in out)
    tokens = DynamoDbTokenRepository(system.aws.client("dynamodb"), name)
    return create_token(tokens, UlidGenerator(), tenant=tenant, user_id="eve", role=role)


@pytest.fixture(scope="module")
def other(system):
    """A client of the second tenant."""
    return system.api(token(system, "other", Role.ADMIN))


@pytest.fixture(scope="module")
def mine(api):
    """A run of the first tenant that has ended."""
    api.define(TEXT)
    return api.ended(api.submit("e2e-private"), "COMPLETED")


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs/definitions/e2e-private",
        "/api/jobs/definitions/e2e-private:1",
        "/api/jobs/definitions/e2e-private/yaml",
        "/api/jobs/definitions/e2e-private/dot",
        "/api/jobs/requests/{run}",
        "/api/jobs/requests/{run}/dot",
        "/api/jobs/requests/{run}/tasks/make/log",
        "/api/artifacts/{artifact}",
        "/api/artifacts/{artifact}/download",
        "/api/ants/local-ant-1",
    ],
)
def test_things_of_another_tenant_are_not_there(api, other, mine, path):
    artifact = mine["execution"]["tasks"][0]["artifacts"][0]["id"]
    path = path.format(run=mine["id"], artifact=artifact)

    assert api.call("GET", path).status in (200, 302)
    assert other.call("GET", path).status == 404


@pytest.mark.parametrize(
    "path", ["/api/jobs/definitions", "/api/jobs/requests", "/api/artifacts", "/api/ants"]
)
def test_lists_hold_nothing_of_another_tenant(api, other, mine, path):
    assert api.get(path)["records"]
    assert other.get(path)["records"] == []


def test_nothing_can_be_done_to_things_of_another_tenant(api, other, mine):
    for act in ("cancel", "restart"):
        assert other.call("POST", f"/api/jobs/requests/{mine['id']}/{act}").status == 404
    assert other.call("DELETE", "/api/jobs/definitions/e2e-private").status == 404
    assert other.post_json("/api/jobs/requests", {"job_type": "e2e-private"}).status == 404

    after = api.run(mine["id"])
    assert after == mine
    assert api.get("/api/jobs/definitions/e2e-private")["id"] == "e2e-private:1"


def test_two_tenants_use_the_same_names_without_meeting(api, other, mine):
    defined = other.define(TEXT.replace("first", "second"))

    assert defined["id"] == "e2e-private:1"
    assert "second" not in api.text("/api/jobs/definitions/e2e-private/yaml")
    # No ant of theirs: it waits, whatever ants the first tenant has.
    request = other.submit("e2e-private")
    assert api.call("GET", f"/api/jobs/requests/{request}").status == 404
    other.cancel(request)
    run = other.ended(request, "CANCELLED")
    assert all(not task["attempts"] or not task["ant_id"] for task in run["execution"]["tasks"])
    assert other.call("DELETE", "/api/jobs/definitions/e2e-private").status == 204


def test_the_token_of_an_ant_is_good_for_ants_alone(system, mine):
    ant = system.api(token(system, "default", Role.ANT))

    assert ant.call("GET", "/api/ants").status == 200
    for path in ("/api/jobs/requests", f"/api/jobs/requests/{mine['id']}", "/api/artifacts"):
        answer = ant.call("GET", path)
        assert (answer.status, answer.json["code"]) == (403, "ERR_FORBIDDEN")
    assert ant.upload(TEXT).status == 403
