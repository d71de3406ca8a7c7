"""Websocket ants and the engine, in memory: who gets which task, and what becomes of it."""

from __future__ import annotations

import json

import pytest

from formicary.adapters.memory.in_memory_socket_ants import (
    InMemorySocketAnts,
    InMemorySocketGateway,
)
from formicary.adapters.memory.in_memory_watchers import InMemoryBell, InMemoryWatchers
from formicary.domain.records import Principal
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import RequestState, TaskMethod
from formicary.service_layer.serve_socket import SocketServer
from formicary.service_layer.socket_tasks import SocketTasks
from formicary.service_layer.watch_run import WatchPost
from tests.unit.service_layer.engine_world import TENANT, FunctionKilledError, Killer, World

JOB = """
job_type: web-job
tasks:
- task_type: process
  method: WEBSOCKET
  tags: [web, js]
  variables:
    greeting: hello
"""
ANN = Principal(TENANT, "ann")
BEN = Principal(TENANT, "ben")
EVE = Principal("other", "eve")


class SocketWorld(World):
    """A world whose engine and whose clients meet in one gateway."""

    def __init__(self, job: str = JOB, killer: Killer | None = None) -> None:
        self.gateway = InMemorySocketGateway()
        self.sockets = InMemorySocketAnts()
        super().__init__(killer=killer)
        post = WatchPost(InMemoryWatchers(), self.runs, InMemoryBell(), self.clock)
        self.server = SocketServer(self._sockets(), post)
        self.upload(job)
        for tags in (["web", "js"], []):
            key = RoutingKey.of(TaskMethod.WEBSOCKET, tags)
            self.ants.put_queue(TENANT, key, f"memory://{key}")

    def _sockets(self) -> SocketTasks:
        wrap = self.killer.wrap
        return SocketTasks(
            wrap(self.sockets),
            wrap(self.gateway),
            wrap(self.runs),
            self.ants,
            wrap(self.events),
            self.clock,
        )

    def register(
        self,
        connection: str,
        *,
        caller: Principal = ANN,
        ant_id: str = "sample-web",
        tags=("js", "web"),
    ) -> None:
        message = {"ant_id": ant_id, "tags": list(tags), "methods": ["WEBSOCKET"]}
        self.server.receive(caller, connection, json.dumps(message))

    def sent(self, connection: str) -> list[dict]:
        return [json.loads(text) for to, text in self.gateway.sent if to == connection]

    def tasks_of(self, connection: str) -> list[dict]:
        return [m for m in self.sent(connection) if m.get("action") == "EXECUTE"]

    def answer(self, connection: str, message: dict, *, caller: Principal = ANN, **fields) -> None:
        told = {**message, "status": "COMPLETED", **fields}
        self.server.receive(caller, connection, json.dumps(told))

    def events_until_idle(self) -> None:
        while self.handle_events():
            pass

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.events_until_idle()


@pytest.fixture
def world() -> SocketWorld:
    return SocketWorld()


def test_an_idle_client_gets_the_task_at_once_and_its_answer_ends_the_job(world):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()
    (task,) = world.tasks_of("c1")

    assert task["task_type"] == "process"
    assert task["variables"]["greeting"]["value"] == "hello"
    assert "proof" not in json.dumps(task)
    world.answer("c1", task, job_context={"answer": 42}, stdout=["done"])
    world.events_until_idle()

    assert world.run(run).state is RequestState.COMPLETED
    assert world.run(run).context["answer"] == "42"
    assert world.tasks(run)["process"].ant_id == "ws:ann:sample-web"
    assert world.tasks(run)["process"].log.inline == "done"


def test_a_task_waits_for_the_client_that_has_its_tags(world):
    run = world.submit("web-job")
    world.events_until_idle()

    world.register("c1", tags=["web"])
    assert world.tasks_of("c1") == []
    world.register("c2", ant_id="other", tags=["web", "JS", "more"])
    (task,) = world.tasks_of("c2")
    world.answer("c2", task)
    world.events_until_idle()

    assert world.run(run).state is RequestState.COMPLETED


def test_a_client_works_on_one_task_at_a_time_and_the_oldest_run_comes_first(world):
    runs = [world.submit("web-job") for _ in range(3)]
    world.events_until_idle()
    world.register("c1")

    for done in range(1, 4):
        tasks = world.tasks_of("c1")
        assert [t["job_request_id"] for t in tasks] == runs[:done]
        world.answer("c1", tasks[-1])
    world.events_until_idle()

    assert {world.run(run).state for run in runs} == {RequestState.COMPLETED}


def test_several_clients_share_the_work(world):
    world.register("c1", ant_id="one")
    world.register("c2", ant_id="two")
    for _ in range(2):
        world.submit("web-job")
    world.events_until_idle()

    assert len(world.tasks_of("c1")) == len(world.tasks_of("c2")) == 1


def test_a_client_that_reconnects_in_time_keeps_its_task(world):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()
    (task,) = world.tasks_of("c1")

    world.server.leave(ANN, "c1")
    world.wait(20)
    world.register("c2")
    world.wait(40)
    world.answer("c2", task)
    world.events_until_idle()

    assert world.run(run).state is RequestState.COMPLETED
    assert world.tasks(run)["process"].attempt == 1
    assert world.tasks_of("c2") == []


def test_the_task_of_a_client_that_stays_away_goes_to_another_as_a_new_attempt(world):
    world.register("c1", ant_id="one")
    run = world.submit("web-job")
    world.events_until_idle()
    (first,) = world.tasks_of("c1")
    world.server.leave(ANN, "c1")
    world.register("c2", ant_id="two")
    assert world.tasks_of("c2") == []

    world.wait(31)
    (second,) = world.tasks_of("c2")
    assert second["co_relation_id"] != first["co_relation_id"]
    world.answer("c2", second)
    world.events_until_idle()

    assert world.run(run).state is RequestState.COMPLETED
    assert world.tasks(run)["process"].attempt == 2


def test_a_connection_that_ended_without_a_word_is_noticed_by_the_lease(world):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()
    world.gateway.gone.add("c1")

    for _ in range(4):
        world.wait(61)
    world.register("c2", ant_id="two")
    (task,) = world.tasks_of("c2")
    world.answer("c2", task)
    world.events_until_idle()

    assert world.run(run).state is RequestState.COMPLETED


def test_a_push_to_a_connection_that_is_gone_lets_the_task_wait_for_the_next(world):
    world.register("c1", ant_id="one")
    world.gateway.gone.add("c1")
    world.submit("web-job")
    world.events_until_idle()

    world.register("c2", ant_id="two")

    assert len(world.tasks_of("c2")) == 1


def test_a_client_that_takes_the_name_of_another_user_gets_nothing_of_him(world):
    world.register("c1", caller=ANN)
    run = world.submit("web-job")
    world.events_until_idle()
    (task,) = world.tasks_of("c1")

    world.register("c2", caller=BEN)
    world.answer("c2", task, caller=BEN)
    world.events_until_idle()

    assert world.sent("c2")[-1]["error"]["code"] == "ERR_NOT_FOUND"
    assert world.run(run).state is RequestState.EXECUTING


def test_a_client_gets_no_tags_and_no_method_that_its_token_does_not_grant(world):
    limited = Principal(
        TENANT, "ann", "ant", methods=frozenset({"WEBSOCKET"}), tags=frozenset({"js"})
    )

    world.register("c1", caller=limited, tags=["js", "web"])
    world.register("c2", caller=limited, tags=["JS"])

    assert "does not allow an ant the tags web" in world.sent("c1")[0]["error"]["message"]
    assert [ant.connection_id for ant in world.sockets.list(TENANT)] == ["c2"]


def test_tenants_do_not_see_each_others_tasks(world):
    world.register("c1", caller=EVE)
    world.submit("web-job")
    world.events_until_idle()

    assert world.tasks_of("c1") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json", "not JSON"),
        ("[1]", "not JSON"),
    ],
)
def test_an_answer_that_is_no_json_fails_the_task_with_words(world, text, words):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()

    world.server.receive(ANN, "c1", text)
    world.events_until_idle()

    assert world.sent("c1")[-1]["error"]["code"] == "ERR_VALIDATION"
    assert world.run(run).state is RequestState.FAILED
    assert words in world.run(run).error_message


def test_an_answer_without_a_status_fails_the_task_with_words(world):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()

    world.answer("c1", world.tasks_of("c1")[0], status="DONE")
    world.events_until_idle()

    assert world.run(run).error_code == "ERR_VALIDATION"
    assert (
        "needs the status COMPLETED, FAILED, CANCELLED, not 'DONE'" in world.run(run).error_message
    )


def test_a_failure_that_a_client_tells_fails_the_task_as_told(world):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()

    world.answer("c1", world.tasks_of("c1")[0], status="FAILED", error_code="ERR_PAGE", exit_code=7)
    world.events_until_idle()

    assert (world.run(run).error_code, world.run(run).exit_code) == ("ERR_PAGE", "7")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"ant_id": "a", "methods": ["SHELL"]}, "WEBSOCKET alone"),
        ({"ant_id": "a b", "methods": ["WEBSOCKET"]}, "ant_id"),
        ({"ant_id": "a", "methods": []}, "methods"),
        ({"status": "COMPLETED"}, "Register first"),
    ],
)
def test_a_bad_first_message_is_answered_with_words(world, message, words):
    world.server.receive(ANN, "c1", json.dumps(message))

    assert words in world.sent("c1")[0]["error"]["message"]


def test_an_older_connection_of_a_client_is_told_that_it_is_none_any_more(world):
    world.register("c1")
    world.register("c2")

    world.answer("c1", {"co_relation_id": "x"})

    assert "connected anew" in world.sent("c1")[-1]["error"]["message"]


def test_a_cancelled_run_takes_the_task_from_its_client_which_gets_the_next(world):
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()

    world.cancel(run)
    world.events_until_idle()
    world.submit("web-job")
    world.events_until_idle()

    assert world.run(run).state is RequestState.CANCELLED
    assert [m["action"] for m in world.sent("c1")] == ["EXECUTE", "CANCEL", "EXECUTE"]


def test_a_task_of_a_run_that_was_cancelled_while_it_waited_is_given_to_nobody(world):
    run = world.submit("web-job")
    world.events_until_idle()
    world.cancel(run)
    world.events_until_idle()

    world.register("c1")

    assert world.sent("c1") == []


def test_a_timeout_ends_a_task_that_no_answer_comes_for():
    world = SocketWorld(JOB.replace("  tags:", "  timeout: 90s\n  tags:"))
    world.register("c1")
    run = world.submit("web-job")
    world.events_until_idle()

    world.wait(61)
    assert world.run(run).state is RequestState.EXECUTING
    world.wait(30)

    assert world.run(run).error_code == "ERR_TASK_TIMED_OUT"
    assert world.sent("c1")[-1]["action"] == "CANCEL"


def test_a_task_too_large_for_a_websocket_fails_with_words():
    world = SocketWorld(JOB.replace("hello", "x" * 140_000))
    run = world.submit("web-job")
    world.events_until_idle()

    assert world.run(run).state is RequestState.FAILED
    assert "a websocket carries at most 131072" in world.run(run).error_message


@pytest.mark.parametrize("before", [True, False])
def test_a_function_killed_at_any_call_loses_no_task(before):
    for at in range(1, 40):
        killer = Killer(at=at, before=before)
        world = SocketWorld(killer=killer)
        try:
            world.register("c1")
        except FunctionKilledError:  # the client of a killed function registers again
            world.register("c1")
        run = world.submit("web-job")
        for _ in range(8):
            world.wait(95)
            for task in world.tasks_of("c1")[-1:]:
                if not world.run(run).state.terminal:
                    _answer_again_when_killed(world, task)
        assert world.run(run).state is RequestState.COMPLETED, at


def _answer_again_when_killed(world: SocketWorld, task: dict) -> None:
    try:
        world.answer("c1", task)
    except FunctionKilledError:
        world.answer("c1", task)


def test_a_function_killed_anywhere_while_it_takes_a_lost_task_back_loses_nothing():
    at, killed = 0, True
    while killed:
        at += 1
        killer = Killer()
        world = SocketWorld(killer=killer)
        world.register("c1", ant_id="one")
        run = world.submit("web-job")
        world.events_until_idle()
        world.server.leave(ANN, "c1")
        killer.at = killer.calls + at
        for _ in range(4):
            world.wait(95)
        killed = killer.calls >= killer.at
        killer.at = 0
        world.register("c2", ant_id="two")
        for task in world.tasks_of("c2")[-1:]:
            world.answer("c2", task)
        world.events_until_idle()
        assert world.run(run).state is RequestState.COMPLETED, at


def test_a_client_that_comes_and_goes_sets_no_more_timers_going(world):
    world.register("c0")
    world.submit("web-job")
    world.events_until_idle()
    for number in range(5):
        world.server.leave(ANN, f"c{number}")
        world.register(f"c{number + 1}")
        world.wait(31)
    world.wait(61)

    world.clock.advance(600)
    assert len(world.events.receive(100)) == 1
