"""Contract of AntRepository and TokenRepository."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formicary.domain.ant import AntRegistration, QueueDirective, TaskInFlight
from formicary.domain.records import Principal
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod
from tests.contract.examples import NOW

TASK = TaskInFlight(
    job_request_id="r1",
    job_execution_id="e1",
    task_type="encode",
    attempt=1,
    proof="p",
    started_at=NOW,
)


def an_ant(ant_id: str = "ant-1", **fields) -> AntRegistration:
    defaults = {
        "host": "host",
        "version": "0.1",
        "methods": [TaskMethod.SHELL, TaskMethod.HTTP_GET],
        "tags": ["linux", "ü"],
        "max_capacity": 4,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return AntRegistration(ant_id=ant_id, **{**defaults, **fields})


def test_a_registered_ant_is_found_as_it_was(ants, tenant):
    ant = an_ant(in_flight=[TASK], current_load=1, total_executed=7, alive=False)

    ants.register(tenant, ant)

    assert ants.find(tenant, "ant-1") == ant
    assert ants.find(tenant, "ant-2") is None
    assert ants.find(f"{tenant}x", "ant-1") is None


def test_an_ant_that_starts_again_replaces_its_registration(ants, tenant):
    ants.register(tenant, an_ant(in_flight=[TASK]))

    ants.register(tenant, an_ant(tags=[]))

    assert list(ants.list(tenant)) == [an_ant(tags=[])]


def test_an_ant_that_shall_drain_is_told_with_every_beat_until_it_starts_again(ants, tenant):
    ants.register(tenant, an_ant())

    assert ants.drain(tenant, "ant-1")
    beaten, _ = ants.heartbeat(tenant, an_ant(condition="no room"))
    ants.register(tenant, an_ant())

    assert (beaten.draining, beaten.condition) == (True, "no room")
    assert not ants.find(tenant, "ant-1").draining
    assert not ants.drain(tenant, "ant-2")


def test_ants_are_listed_by_id_each_tenant_its_own(ants, tenant):
    for ant_id in ("b", "a", "c#d"):
        ants.register(tenant, an_ant(ant_id))
    ants.register(f"{tenant}x", an_ant("z"))

    assert [ant.ant_id for ant in ants.list(tenant)] == ["a", "b", "c#d"]


def test_a_heartbeat_changes_what_changes_and_returns_what_was_in_flight_before(ants, tenant):
    ants.register(tenant, an_ant())
    later = NOW + timedelta(seconds=5, microseconds=9)
    beat = an_ant(
        host="", methods=[], tags=[], max_capacity=1, created_at=later,
        current_load=1, total_executed=3, in_flight=[TASK], updated_at=later,
    )  # fmt: skip
    expected = an_ant(current_load=1, total_executed=3, in_flight=[TASK], updated_at=later)

    first = ants.heartbeat(tenant, beat)
    second = ants.heartbeat(tenant, beat)

    assert first == (expected, [])
    assert second == (expected, [TASK])
    assert ants.find(tenant, "ant-1") == expected


def test_a_heartbeat_of_an_unknown_ant_stores_nothing(ants, tenant):
    ants.register(f"{tenant}x", an_ant())

    assert ants.heartbeat(tenant, an_ant()) is None
    assert ants.find(tenant, "ant-1") is None


def test_queues_are_remembered_once_by_routing_key(ants, tenant):
    shell = RoutingKey.of(TaskMethod.SHELL, ["Mac", "a#b"])
    docker = RoutingKey.of(TaskMethod.DOCKER)
    for key, url in ((shell, "u1"), (docker, "u2"), (shell, "u3")):
        ants.put_queue(tenant, key, url)

    assert sorted(ants.queues(tenant), key=lambda q: q.routing_key) == [
        QueueDirective(routing_key=str(docker), queue_url="u2"),
        QueueDirective(routing_key=str(shell), queue_url="u3"),
    ]
    assert list(ants.queues(f"{tenant}x")) == []


def test_a_cancel_wish_is_there_until_it_expires(tables, tenant):
    now = tables.clock.now()
    for key, seconds in (("r1:b:1", 60), ("r1:a#:1", 120), ("r1:b:1", 90), ("r1:old:1", 0)):
        tables.ants.put_cancel(tenant, key, now + timedelta(seconds=seconds))

    assert list(tables.ants.cancels(tenant)) == ["r1:a#:1", "r1:b:1"]
    assert list(tables.ants.cancels(f"{tenant}x")) == []
    tables.clock.advance(90)
    assert list(tables.ants.cancels(tenant)) == ["r1:a#:1"]
    tables.clock.advance(90)
    assert list(tables.ants.cancels(tenant)) == []


def test_a_token_is_found_by_its_hash(tables, tenant):
    principal = Principal(tenant, "joe", "ant")

    tables.tokens.put(f"hash-{tenant}", principal)

    assert tables.tokens.find(f"hash-{tenant}") == principal
    assert tables.tokens.find(f"other-{tenant}") is None


@pytest.mark.parametrize("granted", [frozenset(), frozenset({"SHELL"}), frozenset({"a", "ü"})])
def test_what_a_token_grants_is_kept(tables, tenant, granted):
    principal = Principal(tenant, "ants", "ant", methods=granted, tags=granted)

    tables.tokens.put(f"hash-{tenant}", principal)

    assert tables.tokens.find(f"hash-{tenant}") == principal
