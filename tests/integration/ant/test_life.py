"""How an ant lives: asked to go, short of room, with a wrong clock, watched by others."""

import signal
import socket
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from formicary.domain.states import RequestState
from tests.integration.ant.world import World, eventually, task


def test_an_ant_that_is_asked_to_go_ends_its_tasks_takes_no_more_and_stops(world: World) -> None:
    ant = world.start_process("ant-d", capacity=1)
    running = world.send(task("sleep 1"))
    eventually(lambda: world.control_plane.heartbeats[-1:] and _busy(world))
    world.control_plane.drain = True
    eventually(lambda: "draining" in _log(world, "ant-d"))
    waiting = world.send(task("true"))

    assert ant.wait(20) == 0
    assert world.outcome(running).status is RequestState.COMPLETED
    assert world.messages_left() == 1
    assert waiting.request.job_request_id not in _log(world, "ant-d")


def test_the_first_signal_after_a_wish_to_drain_kills_nothing_the_second_does(
    world: World,
) -> None:
    ant = world.start_process("ant-d", capacity=1)
    world.send(task("sleep 60"))
    eventually(lambda: world.control_plane.heartbeats[-1:] and _busy(world))
    world.control_plane.drain = True
    eventually(lambda: "draining" in _log(world, "ant-d"))
    beats = len(world.control_plane.heartbeats)

    ant.send_signal(signal.SIGTERM)
    eventually(lambda: len(world.control_plane.heartbeats) > beats + 5)
    assert ant.poll() is None
    ant.send_signal(signal.SIGTERM)

    assert ant.wait(20) == 0
    assert world.messages_left() == 1


def test_an_ant_without_room_takes_no_tasks_and_tells_why(world: World) -> None:
    world.start_ant(min_free_disk_bytes=2**60)
    message = world.send(task("true"))
    eventually(lambda: len(world.control_plane.heartbeats) > 3)

    assert "are free on the disk" in world.control_plane.heartbeats[-1]["condition"]
    assert world.messages_left() == 1
    assert message.request.job_request_id not in str(world.reports())


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_wrong_clock_costs_no_renewals(world: World, hours: int) -> None:
    world.control_plane.clock_behind = timedelta(hours=hours)
    world.start_ant()

    assert world.run("true").status is RequestState.COMPLETED
    assert world.control_plane.renewals == 0


def test_health_and_metrics_of_an_ant(world: World) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    world.start_ant(metrics_port=port)
    world.run("false")

    def metrics() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return answer.read().decode()

    text = eventually(lambda: "tasks_failed_total 1" in metrics() and metrics())
    assert "formicary_ant_capacity 4" in text
    assert "formicary_ant_tasks_executed_total 1" in text
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
        assert answer.status == 200


def _busy(world: World) -> bool:
    return bool(world.control_plane.heartbeats[-1]["in_flight"])


def _log(world: World, name: str) -> str:
    return Path(world.work / f"{name}.stderr").read_text()
