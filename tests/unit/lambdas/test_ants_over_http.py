from datetime import timedelta
from typing import Any

import pytest

from formicary.domain.messages import unpack_event
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod
from tests.unit.lambdas.api_play import ApiPlay

ANT = {
    "ant_id": "ant-1",
    "host": "box",
    "methods": ["SHELL", "HTTP_GET"],
    "tags": ["GPU ", "linux"],
}


@pytest.fixture
def ant(api: ApiPlay) -> ApiPlay:
    api.role = "ant"
    assert api.post("/api/ants", ANT).status == 201
    return api


def in_flight(attempt: int = 1, proof: str = "p1") -> dict[str, Any]:
    return {
        "job_request_id": "run",
        "job_execution_id": "exec",
        "task_type": "build",
        "attempt": attempt,
        "proof": proof,
        "started_at": "2026-01-01T00:00:00Z",
    }


def events_of(api: ApiPlay) -> list[Any]:
    return [got.message for got in api.plane.events.receive(10)]  # type: ignore[attr-defined]


def test_a_registered_ant_is_handed_queues_and_credentials(api: ApiPlay) -> None:
    answer = api.post("/api/ants", ANT).json

    assert (answer["tenant"], answer["ant_id"]) == ("acme", "ant-1")
    assert answer["credentials"]["session_token"] == "acme/ant-1"
    keys = [queue["routing_key"] for queue in answer["directives"]["queues"]]
    assert keys == ["HTTP_GET|", "SHELL|"]
    assert answer["directives"]["lease_seconds"] == 30


def test_an_ant_polls_the_queues_whose_tags_it_has(ant: ApiPlay) -> None:
    for tags in (["linux"], ["linux", "gpu"], ["mac"]):
        key = RoutingKey.of(TaskMethod.SHELL, tags)
        ant.plane.ants.put_queue("acme", key, ant.plane.task_queues.ensure("acme", key))

    directives = ant.post("/api/ants/ant-1/heartbeat", {}).json

    keys = {queue["routing_key"] for queue in directives["queues"]}
    assert keys == {"HTTP_GET|", "SHELL|", "SHELL|linux", "SHELL|gpu,linux"}


def test_a_task_newly_in_flight_is_told_once_with_the_ants_own_proof(ant: ApiPlay) -> None:
    ant.post("/api/ants/ant-1/heartbeat", {"in_flight": [in_flight()]})
    ant.post("/api/ants/ant-1/heartbeat", {"in_flight": [in_flight(), in_flight(2, "p2")]})

    first, second = events_of(ant)

    assert (first.kind, first.proof, second.proof) == ("TaskStarted", "p1", "p2")
    assert unpack_event(first).ant_host == "box"  # type: ignore[union-attr]
    assert (first.tenant, first.request_id, first.execution_id) == ("acme", "run", "exec")


def test_an_ant_learns_which_of_its_tasks_to_end(ant: ApiPlay) -> None:
    until = ant.clock.now() + timedelta(minutes=5)
    for key in ("exec:build:1", "other:build:1"):
        ant.plane.ants.put_cancel("acme", key, until)

    directives = ant.post("/api/ants/ant-1/heartbeat", {"in_flight": [in_flight()]}).json

    assert directives["cancel"] == ["exec:build:1"]


def test_an_unknown_ant_is_asked_to_register_again(api: ApiPlay) -> None:
    for path in ("heartbeat", "credentials"):
        answer = api.post(f"/api/ants/ghost/{path}", {})
        assert (answer.status, answer.json["code"]) == (404, "ERR_NOT_FOUND")


def test_an_ant_of_another_tenant_is_unknown(ant: ApiPlay) -> None:
    stranger = {"tenant": "evil", "user": "eve", "role": "ant"}

    assert ant.post("/api/ants/ant-1/credentials", caller=stranger).status == 404
    assert ant.get("/api/ants/ant-1", caller=stranger).status == 404


def test_proofs_of_tasks_in_flight_never_show(ant: ApiPlay) -> None:
    ant.post("/api/ants/ant-1/heartbeat", {"in_flight": [in_flight(proof="the-proof")]})

    listed, shown = ant.get("/api/ants"), ant.get("/api/ants/ant-1")

    assert b"the-proof" not in listed.body + shown.body
    assert shown.json["in_flight"][0]["task_type"] == "build"


def test_a_silent_ant_is_not_alive(ant: ApiPlay) -> None:
    assert ant.get("/api/ants/ant-1").json["alive"]

    ant.clock.advance(31)

    assert not ant.get("/api/ants/ant-1").json["alive"]


@pytest.mark.parametrize(
    "fields",
    [{"ant_id": "../x"}, {"methods": []}, {"methods": ["SHEL"]}, {"max_capacity": 0}],
)
def test_a_bad_registration_is_refused(api: ApiPlay, fields: dict[str, Any]) -> None:
    answer = api.post("/api/ants", ANT | fields)

    assert answer.status == 400
    assert answer.json["errors"][0]["field"].split(".")[0] in fields


def test_an_ant_that_is_asked_to_go_learns_it_with_its_next_heartbeat(ant: ApiPlay) -> None:
    ant.role = "admin"
    shown = ant.post("/api/ants/ant-1/drain", {})

    assert (shown.status, shown.json["draining"]) == (200, True)
    assert ant.post("/api/ants/ant-1/heartbeat", {}).json["drain"] is True
    assert ant.post("/api/ants", ANT).json["directives"]["drain"] is False
    assert ant.post("/api/ants/nobody/drain", {}).status == 404


def test_why_an_ant_takes_no_tasks_is_shown(ant: ApiPlay) -> None:
    ant.post("/api/ants/ant-1/heartbeat", {"condition": "only 3 MiB are free"})

    assert ant.get("/api/ants/ant-1").json["condition"] == "only 3 MiB are free"


@pytest.mark.parametrize("version", ["0.0.9", "0.0"])
def test_an_ant_that_is_too_old_is_told_how_to_mend_it(api: ApiPlay, version: str) -> None:
    answer = api.post("/api/ants", {**ANT, "version": version})

    assert (answer.status, answer.json["code"]) == (400, "ERR_ANT_TOO_OLD")
    assert "pip install --upgrade" in answer.json["detail"]


@pytest.mark.parametrize("version", ["", "0.1.0", "0.1.0rc1", "1.0", "from source"])
def test_other_versions_are_taken(api: ApiPlay, version: str) -> None:
    assert api.post("/api/ants", {**ANT, "version": version}).status == 201


def test_a_trial_registers_nothing(api: ApiPlay) -> None:
    answer = api.post("/api/ants", {**ANT, "trial": True})

    assert (answer.status, answer.json["tenant"]) == (201, "acme")
    assert api.get("/api/ants").json["records"] == []


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        ({"methods": "SHELL"}, "methods HTTP_GET; it allows: SHELL"),
        ({"tags": "linux"}, "tags gpu; it allows: linux"),
        ({"tags": ""}, "tags gpu, linux; it allows: none"),
    ],
)
def test_an_ant_that_asks_for_more_than_its_token_grants_is_refused(
    api: ApiPlay, granted: dict[str, str], told: str
) -> None:
    caller = {"tenant": "acme", "user": "ants", "role": "ant", **granted}

    answer = api.post("/api/ants", ANT, caller=caller)

    assert (answer.status, answer.json["code"]) == (403, "ERR_FORBIDDEN")
    assert told in answer.json["detail"]
    assert "create-ant-token" in answer.json["detail"]
    assert api.get("/api/ants").json["records"] == []


@pytest.mark.parametrize("path", ["credentials", "heartbeat"])
def test_no_token_gets_at_the_rights_of_an_ant_that_may_do_more(ant: ApiPlay, path: str) -> None:
    caller = {"tenant": "acme", "user": "ants", "role": "ant", "methods": "HTTP_GET"}

    assert ant.post(f"/api/ants/ant-1/{path}", {}, caller=caller).status == 403


def test_an_ant_within_its_token_is_taken(api: ApiPlay) -> None:
    caller = {
        "tenant": "acme",
        "user": "ants",
        "role": "ant",
        "methods": "HTTP_GET,SHELL",
        "tags": "gpu,linux,mac",
    }

    assert api.post("/api/ants", ANT, caller=caller).status == 201
    assert api.post("/api/ants/ant-1/heartbeat", {}, caller=caller).status == 200
    assert api.post("/api/ants/ant-1/credentials", {}, caller=caller).status == 200
