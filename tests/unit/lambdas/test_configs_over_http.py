"""Configs over HTTP: of a job type, of the organization, of the caller."""

import pytest

from tests.unit.lambdas.api_play import ApiPlay

PREFIXES = ["/api/jobs/definitions/hello", "/api/orgs/acme", "/api/orgs/me", "/api/users"]


@pytest.fixture(params=PREFIXES)
def path(request: pytest.FixtureRequest) -> str:
    return f"{request.param}/configs"


def test_a_config_is_added_shown_changed_and_deleted(api: ApiPlay, path: str) -> None:
    added = api.post(path, {"name": "Registry", "value": "a.example.com"})
    assert added.status == 201
    assert added.headers["Location"] == f"{path}/Registry"
    assert api.get(f"{path}/Registry").json["value"] == "a.example.com"

    changed = api.call("PUT", f"{path}/Registry", {"value": 7})
    assert (changed.status, changed.json["kind"]) == (200, "int")

    assert api.call("DELETE", f"{path}/Registry").status == 204
    assert api.get(f"{path}/Registry").status == 404


def test_adding_again_replaces_and_keeps_when_it_was_made(api: ApiPlay, path: str) -> None:
    first = api.post(path, {"name": "A", "value": 1}).json
    api.clock.advance(5)

    second = api.post(path, {"name": "A", "value": 2})

    assert second.status == 200
    assert second.json["created_at"] == first["created_at"]
    assert second.json["updated_at"] != first["updated_at"]


def test_lists_are_paged_by_name(api: ApiPlay, path: str) -> None:
    for name in ("c", "a", "b"):
        api.post(path, {"name": name, "value": name})

    page = api.get(path, query={"page_size": "2", "page": "1"}).json

    assert (page["total_records"], [c["id"] for c in page["records"]]) == (3, ["c"])


def test_the_article_s_call_works(api: ApiPlay) -> None:
    body = '{"Name": "GithubUser", "Value": "ant", "Kind": "string"}'

    answer = api.post(
        "/api/jobs/definitions/hello:1/configs", body, headers={"content-type": "application/yaml"}
    )

    assert answer.status == 201
    assert api.get("/api/jobs/definitions/hello/configs/GithubUser").json["value"] == "ant"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "4", 4),
        ("float", "0.5", 0.5),
        ("bool", "True", True),
        ("json", "[1, {}]", [1, {}]),
        ("string", 4, "4"),
    ],
)
def test_text_becomes_what_its_kind_says(api: ApiPlay, kind, text, value) -> None:
    answer = api.post("/api/users/configs", {"name": "A", "value": text, "kind": kind})

    assert (answer.json["value"], answer.json["kind"]) == (value, kind)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "1a", "value": 1},
        {"name": "", "value": 1},
        {"name": "a/b", "value": 1},
        {"name": "JobID", "value": 1},
        {"name": "a"},
        {"name": "a", "value": "x", "kind": "int"},
        {"name": "a", "value": "NaN", "kind": "float"},
        {"name": "a", "value": "maybe", "kind": "bool"},
        {"name": "a", "value": "x", "kind": "colour"},
        {"name": "a", "value": "x", "secret": True},
        ["a"],
    ],
)
def test_a_bad_config_is_refused_with_words(api: ApiPlay, body) -> None:
    answer = api.post("/api/users/configs", body)

    assert answer.status == 400
    assert answer.json["detail"]
    assert api.get("/api/users/configs").json["total_records"] == 0


def test_a_large_value_is_refused_with_the_limit(api: ApiPlay) -> None:
    answer = api.post("/api/users/configs", {"name": "a", "value": "x" * 5000})

    assert (answer.status, answer.json["limit_bytes"]) == (413, 4096)


def test_no_owner_has_configs_without_end(api: ApiPlay) -> None:
    for number in range(200):
        api.post("/api/users/configs", {"name": f"a{number}", "value": 1})

    assert api.post("/api/users/configs", {"name": "more", "value": 1}).status == 409
    assert api.post("/api/users/configs", {"name": "a7", "value": 2}).status == 200


def test_users_organizations_and_tenants_do_not_see_each_others(api: ApiPlay, path: str) -> None:
    api.post(path, {"name": "A", "value": 1})
    stranger = {"tenant": "evil", "user": "ann", "role": "admin"}

    found = api.get(path.replace("acme", "evil"), caller=stranger)

    assert found.json["total_records"] == 0
    assert api.get("/api/orgs/acme/configs", caller=stranger).status == 404


def test_another_user_of_the_organization_has_other_configs(api: ApiPlay) -> None:
    api.post("/api/users/configs", {"name": "A", "value": 1})
    other = {"tenant": "acme", "user": "bob", "role": "admin"}

    assert api.get("/api/users/configs/A", caller=other).status == 404


def test_a_config_cannot_change_its_name(api: ApiPlay) -> None:
    api.post("/api/users/configs", {"name": "A", "value": 1})

    assert api.call("PUT", "/api/users/configs/A", {"name": "B", "value": 1}).status == 400
    assert api.call("PUT", "/api/users/configs/B", {"value": 1}).status == 404
