"""Watching a run over a websocket: what clients are told, by the functions, in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from formicary.adapters.memory.in_memory_socket_ants import (
    InMemorySocketAnts,
    InMemorySocketGateway,
)
from formicary.domain.records import Principal
from formicary.domain.task_response import TaskLog
from formicary.service_layer.serve_socket import SocketServer
from formicary.service_layer.socket_tasks import SocketTasks
from formicary.service_layer.tell_watchers import MOST_IN_A_MESSAGE, WatcherTeller
from formicary.service_layer.watch_run import WatchPost
from lambdas.publish_changes.handler import ring_for_watchers
from lambdas.tell_watchers.handler import tell
from tests.unit.lambdas.api_play import canned
from tests.unit.lambdas.job_play import JobPlay

ANN = Principal("acme", "ann")
EVE = Principal("other", "eve")
ANT = Principal("acme", "ann", "ant")
WATCH = {"action": "watch", "job_request_id": "{run}"}


class WatchPlay(JobPlay):
    """A job with people at websockets who watch it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        plane = self.plane
        self.gateway = InMemorySocketGateway()
        self.bell: Any = plane.watch_room.bell
        self.watchers = plane.watch_room.watched._watchers
        sockets = SocketTasks(
            InMemorySocketAnts(), self.gateway, plane.runs, plane.ants, plane.events, plane.clock
        )
        post = WatchPost(self.watchers, plane.runs, self.bell, plane.clock)
        self.server = SocketServer(sockets, post)
        self.teller = WatcherTeller(self.watchers, self.gateway, plane, plane.clock)

    def say(self, message: Any, connection: str = "c1", caller: Principal = ANN) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.server.receive(caller, connection, text)

    def watch(self, run_id: str, connection: str = "c1", **fields: str) -> None:
        self.say({"action": "watch", "job_request_id": run_id, **fields}, connection)
        self.tell()

    def tell(self) -> None:
        """Answer the bell."""
        for tenant, request_id in self.bell.taken():
            tell(self.teller, {"tenant": tenant, "request_ids": [request_id]})

    def told(self, connection: str = "c1") -> list[dict[str, Any]]:
        """What a client heard since it was asked last."""
        heard = [json.loads(text) for to, text in self.gateway.sent if to == connection]
        self.gateway.sent = [item for item in self.gateway.sent if item[0] != connection]
        return heard


@pytest.fixture
def play() -> WatchPlay:
    play = WatchPlay()
    play.define()
    return play


def said(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] == kind]


def text_of(messages: list[dict[str, Any]], task_type: str) -> str:
    """What a client shows: a message that does not go on where the last ended is a repetition."""
    text, places = "", {}
    for message in said(messages, "log"):
        key = (message["task_type"], message["attempt"])
        if message["task_type"] == task_type and message["offset"] == places.get(key, 0):
            text += message["text"]
            places[key] = message["next_offset"]
    return text


def put_chunk(play: WatchPlay, message: Any, number: int, text: bytes) -> None:
    key = f"{message.object_prefix}log/{number:06d}"
    play.plane.objects.put(key, text, "text/plain", {})


def heartbeat(play: WatchPlay, message: Any) -> dict[str, Any]:
    request = message.request
    task = {
        "job_request_id": request.job_request_id,
        "job_execution_id": request.job_execution_id,
        "task_type": request.task_type,
        "attempt": message.attempt,
        "proof": message.proof,
        "started_at": play.plane.clock.now().isoformat(),
    }
    ant = {"ant_id": "ant-1", "methods": ["SHELL"]}
    assert play.call("POST", "/api/ants", ant).status == 201
    return play.call("POST", "/api/ants/ant-1/heartbeat", {"in_flight": [task]}).json


def test_a_watcher_hears_at_once_how_the_run_stands_and_goes_on_hearing(play: WatchPlay) -> None:
    run_id = play.start()
    message = play.next_task()
    put_chunk(play, message, 1, b"one\n")

    play.watch(run_id)
    first = play.told()
    put_chunk(play, message, 2, b"two\n")
    directives = heartbeat(play, message)
    play.tell()
    second = play.told()

    assert said(first, "run")[0]["job_state"] == "EXECUTING"
    assert said(first, "tasks")[0]["tasks"] == [{"task_type": "greet", "task_state": "EXECUTING"}]
    assert text_of(first, "greet") == "one\n"
    assert directives["heartbeat_seconds"] == 1.0
    assert [message["type"] for message in second] == ["log"]
    assert text_of(first + second, "greet") == "one\ntwo\n"


def test_the_end_of_a_run_is_told_last_and_ends_the_watch(play: WatchPlay) -> None:
    run_id = play.start()
    play.watch(run_id)
    play.finish(play.next_task(), log=TaskLog(inline="hi\n"))
    play.finish(play.next_task(), log=TaskLog(inline="bye\n"))
    record = canned("stream_record")
    record["dynamodb"]["Keys"]["pk"]["S"] = f"T#acme#R#{run_id}"

    ring_for_watchers(play.plane.watch_room, [record])
    play.tell()
    told = play.told()

    assert (text_of(told, "greet"), text_of(told, "part")) == ("hi\n", "bye\n")
    assert said(told, "run")[-1]["job_state"] == "COMPLETED"
    assert told[-1] == {"type": "end", "job_request_id": run_id, "job_state": "COMPLETED"}
    assert list(play.watchers.list("acme")) == []


def test_a_run_that_has_ended_is_told_whole(play: WatchPlay) -> None:
    run_id = play.start()
    message = play.next_task()
    whole = "".join(f"{number} \u20ac\n" for number in range(20_000))
    chunks = [whole.encode()[:90_000], whole.encode()[90_000:]]
    for number, chunk in enumerate(chunks, start=1):
        put_chunk(play, message, number, chunk)
    play.finish(message, log=TaskLog(chunks=2, size=len(whole.encode())))
    play.finish(play.next_task())

    play.watch(run_id)
    told = play.told()

    assert text_of(told, "greet") == whole
    assert max(len(message["text"].encode()) for message in said(told, "log")) <= MOST_IN_A_MESSAGE
    assert told[-1]["type"] == "end"


def test_one_task_can_be_watched_alone(play: WatchPlay) -> None:
    run_id = play.start()
    play.finish(play.next_task(), log=TaskLog(inline="hi\n"))
    play.finish(play.next_task(), log=TaskLog(inline="bye\n"))

    play.watch(run_id, task_type="part")
    told = play.told()

    assert {message["task_type"] for message in said(told, "log")} == {"part"}
    assert {task["task_type"] for task in said(told, "tasks")[0]["tasks"]} == {"part"}


def test_who_has_gone_is_told_no_more(play: WatchPlay) -> None:
    run_id = play.start()
    for connection in ("c1", "c2"):
        play.watch(run_id, connection)
    play.server.leave(ANN, "c1")
    play.gateway.gone.add("c2")
    play.finish(play.next_task())

    play.bell.ring("acme", [run_id])
    play.tell()

    assert list(play.watchers.list("acme")) == []


def test_nobody_is_called_for_runs_that_nobody_watches(play: WatchPlay) -> None:
    run_id = play.start()
    record = canned("stream_record")
    record["dynamodb"]["Keys"]["pk"]["S"] = f"T#acme#R#{run_id}"

    ring_for_watchers(play.plane.watch_room, [record])
    directives = heartbeat(play, play.next_task())

    assert play.bell.taken() == []
    assert directives["heartbeat_seconds"] == 5.0


@pytest.mark.parametrize(
    ("message", "caller", "code", "words"),
    [
        ({"action": "watch"}, ANN, "ERR_VALIDATION", "job_request_id"),
        (WATCH | {"x": 1}, ANN, "ERR_VALIDATION", "x: "),
        (WATCH | {"job_request_id": "none"}, ANN, "ERR_NOT_FOUND", "'none'"),
        (WATCH, EVE, "ERR_NOT_FOUND", "no job"),
        (WATCH, ANT, "ERR_FORBIDDEN", "'ant'"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_words(
    play: WatchPlay, message: dict[str, Any], caller: Principal, code: str, words: str
) -> None:
    run_id = play.start()
    play.say(json.dumps(message).replace("{run}", run_id), caller=caller)

    (answer,) = play.told()
    assert answer["error"]["code"] == code
    assert words in answer["error"]["message"]
    assert play.bell.taken() == []
    assert list(play.watchers.list("acme")) == []
