"""Contract of SocketAntRepository."""

from __future__ import annotations

import pytest

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.routing_key import RoutingKey
from formicary.domain.socket_ant import SocketAnt, SocketTask
from formicary.domain.states import TaskMethod
from formicary.domain.task_request import ExecutorOptions, TaskMessage, TaskRequest
from tests.contract.examples import NOW

KEY = RoutingKey.of(TaskMethod.WEBSOCKET, ["web"])
OTHER_KEY = RoutingKey.of(TaskMethod.WEBSOCKET, ["web", "x#y"])


@pytest.fixture
def sockets(tables):
    return tables.sockets


def an_ant(ant_id: str = "ws:ann:one", **fields) -> SocketAnt:
    defaults = {"user_id": "ann", "connection_id": "c1", "tags": ["web"], "connected_at": NOW}
    return SocketAnt(ant_id=ant_id, **{**defaults, **fields})


def a_task(request_id: str = "r1", attempt: int = 1, key: RoutingKey = KEY) -> SocketTask:
    request = TaskRequest(
        job_definition_id="web:1",
        job_request_id=request_id,
        job_type="web",
        job_type_version="1",
        job_execution_id=f"e-{request_id}",
        task_execution_id=f"e-{request_id}:t",
        task_type="t",
        co_relation_id=f"e-{request_id}:t:{attempt}",
        executor_opts=ExecutorOptions(method=TaskMethod.WEBSOCKET),
    )
    message = TaskMessage(
        tenant="t", attempt=attempt, proof="p", object_prefix="t/x/", request=request
    )
    return SocketTask(routing_key=str(key), message=message)


def test_an_ant_is_found_as_it_was_saved(sockets, tenant):
    saved = sockets.save(tenant, an_ant(task=a_task(), disconnected_at=NOW))

    assert saved.version == 1
    assert sockets.find(tenant, "ws:ann:one") == saved
    assert sockets.find(f"{tenant}x", "ws:ann:one") is None
    assert list(sockets.list(tenant)) == [saved]
    assert list(sockets.list(f"{tenant}x")) == []


def test_of_two_saves_on_one_version_the_first_wins(sockets, tenant):
    saved = sockets.save(tenant, an_ant())

    sockets.save(tenant, saved.having(tags=["a"]))
    with pytest.raises(ConcurrentUpdateError):
        sockets.save(tenant, saved.having(tags=["b"]))
    with pytest.raises(ConcurrentUpdateError):
        sockets.save(tenant, an_ant())

    assert sockets.find(tenant, "ws:ann:one").tags == ["a"]


def test_a_connection_tells_who_speaks(sockets, tenant):
    sockets.put_connection(tenant, "c=1#", "ws:ann:one")

    assert sockets.find_connection(tenant, "c=1#") == "ws:ann:one"
    assert sockets.find_connection(tenant, "c2") is None
    assert sockets.find_connection(f"{tenant}x", "c=1#") is None
    assert list(sockets.list(tenant)) == []


def test_tasks_wait_by_routing_key_and_the_oldest_run_comes_first(sockets, tenant):
    for request_id in ("r2", "r1", "r3"):
        sockets.put_waiting(tenant, a_task(request_id))
    sockets.put_waiting(tenant, a_task("r1"))
    sockets.put_waiting(tenant, a_task("r0", key=OTHER_KEY))

    assert [task.request_id for task in sockets.waiting(tenant, KEY, 2)] == ["r1", "r2"]
    assert list(sockets.waiting(tenant, OTHER_KEY, 5)) == [a_task("r0", key=OTHER_KEY)]
    sockets.forget_waiting(tenant, a_task("r1"))
    sockets.forget_waiting(tenant, a_task("r1"))
    assert [task.request_id for task in sockets.waiting(tenant, KEY, 5)] == ["r2", "r3"]


def test_a_task_is_taken_by_one_ant_alone(sockets, tenant):
    one = sockets.save(tenant, an_ant("ws:ann:one"))
    two = sockets.save(tenant, an_ant("ws:ann:two"))
    sockets.put_waiting(tenant, a_task())

    taken = sockets.take(tenant, one, a_task())
    with pytest.raises(ConcurrentUpdateError):
        sockets.take(tenant, two, a_task())

    assert taken.task == a_task()
    assert sockets.find(tenant, "ws:ann:one") == taken
    assert sockets.find(tenant, "ws:ann:two") == two
    assert list(sockets.waiting(tenant, KEY, 5)) == []


def test_an_ant_that_has_changed_takes_nothing(sockets, tenant):
    stale = sockets.save(tenant, an_ant())
    sockets.save(tenant, stale)
    sockets.put_waiting(tenant, a_task())

    with pytest.raises(ConcurrentUpdateError):
        sockets.take(tenant, stale, a_task())

    assert list(sockets.waiting(tenant, KEY, 5)) == [a_task()]
