"""An ant whose control plane, queue, credentials or own process go away and come back."""

import signal
import time
from pathlib import Path

import pytest

from ant_agent.agent import AntError
from formicary.domain.states import RequestState
from tests.integration.ant.world import World, eventually, task

pytestmark = pytest.mark.emulator


def in_flight(world: World) -> bool:
    return bool(world.control_plane.heartbeats and world.control_plane.heartbeats[-1]["in_flight"])


def granted(attempt: int) -> dict:
    return {"granted": True, "attempt": attempt, "proof": "p", "object_prefix": "t/again/"}


def process_exists(pid_file: Path) -> bool:
    try:
        state = Path("/proc", pid_file.read_text().strip(), "stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_an_ant_waits_for_its_control_plane(world: World) -> None:
    world.control_plane.forced_status["ants"] = [500, 502, 503]
    world.start_ant()

    assert world.run("true").status is RequestState.COMPLETED


def test_a_wrong_token_ends_an_ant_at_once(world: World) -> None:
    world.control_plane.forced_status["ants"] = [403]

    ant = world.start_process("stranger")

    assert ant.wait(15) == 1
    assert "refuses" in (world.work / "stranger.stderr").read_text()


def test_an_ant_that_is_unknown_after_a_restart_registers_again(world: World) -> None:
    world.start_ant()
    eventually(lambda: world.control_plane.heartbeats)
    world.control_plane.forced_status["heartbeat"] = [503, 404]

    eventually(lambda: len(world.control_plane.registered) == 2)

    assert world.run("true").status is RequestState.COMPLETED


def test_credentials_that_are_refused_are_renewed(world: World) -> None:
    world.control_plane.access_key_id = "ASIAFORGOTTEN"
    world.start_ant()

    assert world.run("true").status is RequestState.COMPLETED
    assert world.control_plane.renewals == 1


def test_a_task_goes_on_while_its_aws_restarts_and_is_reported_afterwards(world: World) -> None:
    world.start_ant()
    message = world.send(task("sleep 2"))
    eventually(lambda: in_flight(world))

    world.aws.stop()
    time.sleep(1.5)
    world.aws.start()

    assert world.outcome(message).status is RequestState.COMPLETED
    assert world.run("true").status is RequestState.COMPLETED
    assert len(world.reports()) == 2


def test_a_report_waits_on_disk_for_its_queue_and_the_slot_is_free_meanwhile(world: World) -> None:
    right = world.control_plane.answer["events_queue_url"]
    world.control_plane.answer["events_queue_url"] = f"{right}-gone"
    world.start_ant(capacity=1)
    messages = [world.send(task("true")) for _ in range(2)]
    eventually(lambda: len(list(world.work.glob("*/spool/*.json"))) == 2)
    assert world.messages_left() == 2

    world.control_plane.answer["events_queue_url"] = right
    world.control_plane.forced_status["heartbeat"] = [404]

    for message in messages:
        assert world.outcome(message).status is RequestState.COMPLETED
    eventually(lambda: world.messages_left() == 0)
    assert not list(world.work.glob("*/spool/*"))


def test_a_report_survives_the_ant_that_could_not_send_it(world: World) -> None:
    right = world.control_plane.answer["events_queue_url"]
    world.control_plane.answer["events_queue_url"] = f"{right}-gone"
    ant = world.start_process("ant-p")
    message = world.send(task("true"))
    eventually(lambda: list(world.work.glob("*/spool/*.json")))
    ant.kill()
    ant.wait()

    world.control_plane.answer["events_queue_url"] = right
    world.start_process("ant-p")

    assert world.outcome(message).status is RequestState.COMPLETED


def test_the_task_of_a_killed_ant_is_finished_by_another_and_its_processes_are_reaped(
    world: World, tmp_path: Path
) -> None:
    world.control_plane.lease_seconds = 2
    world.control_plane.claim_answer = lambda claim: granted(claim["attempt"] + 1)
    pid_file = tmp_path / "pid"
    message = task(f'if [ "$FORMICARY_ATTEMPT" = 1 ]; then echo $$ > {pid_file}; sleep 60; fi')
    first = world.start_process("ant-a")
    world.send(message)
    eventually(lambda: pid_file.exists() and pid_file.read_text())
    first.kill()
    first.wait()

    world.start_process("ant-b")

    report = eventually(world.reports)[0]
    assert report.event["attempt"] == 2
    assert report.response.ant_id == "ant-b"
    assert process_exists(pid_file)
    world.start_process("ant-a")
    eventually(lambda: not process_exists(pid_file))


def test_a_first_sigterm_lets_the_task_end_and_takes_no_more(world: World) -> None:
    ant = world.start_process()
    running = world.send(task("sleep 2"))
    eventually(lambda: in_flight(world))

    ant.send_signal(signal.SIGTERM)
    eventually(lambda: '"draining"' in (world.work / "ant-p.stderr").read_text())
    waiting = world.send(task("true"))

    assert ant.wait(60) == 0
    assert world.outcome(running).status is RequestState.COMPLETED
    assert world.messages_left() == 1
    assert len(world.reports()) == 1
    assert waiting.request.job_request_id not in str(world.reports())


def test_a_second_sigterm_kills_the_task_and_gives_its_message_back_at_once(
    world: World, tmp_path: Path
) -> None:
    world.control_plane.lease_seconds = 60
    pid_file = tmp_path / "pid"
    ant = world.start_process()
    world.send(task(f"echo $$ > {pid_file}; trap '' TERM; sleep 60; sleep 60"))
    eventually(lambda: in_flight(world) and pid_file.exists())

    ant.send_signal(signal.SIGTERM)
    eventually(lambda: '"draining"' in (world.work / "ant-p.stderr").read_text())
    ant.send_signal(signal.SIGTERM)

    assert ant.wait(60) == 0
    assert not process_exists(pid_file)
    answer = world.sqs.receive_message(QueueUrl=world.shell, VisibilityTimeout=0)
    assert len(answer["Messages"]) == 1
    assert world.reports() == []


def test_a_daemon_that_hides_is_killed_once_no_task_runs(world: World, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    world.start_process()

    script = f"env -i /usr/bin/setsid -f sh -c 'echo $$ > {pid_file}; exec sleep 60'"
    response = world.run(script, f"until [ -s {pid_file} ]; do :; done")

    assert response.status is RequestState.COMPLETED
    eventually(lambda: not process_exists(pid_file))


def test_a_second_ant_of_the_same_name_on_a_host_is_refused(world: World) -> None:
    first = world.start_ant("twin")
    eventually(lambda: world.control_plane.registered)

    with pytest.raises(AntError, match="another ant uses"):
        type(first)(first._settings).run()
