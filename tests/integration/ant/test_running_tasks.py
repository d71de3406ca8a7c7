"""An ant with real queues, real processes and a control plane that listens."""

from pathlib import Path

import pytest

from formicary.domain.states import RequestState
from tests.integration.ant.world import World, eventually, task

pytestmark = pytest.mark.emulator
KEEP_F = {"artifacts": {"paths": ["f"]}}


def test_a_task_is_run_reported_with_its_proof_and_its_message_deleted(world: World) -> None:
    world.start_ant(tags="Linux")
    message = world.send(task("echo hello", "exit 0"))

    response = world.outcome(message)

    assert response.status is RequestState.COMPLETED
    assert (response.exit_code, response.ant_id, response.log.inline) == ("0", "ant-1", "hello\n")
    assert world.reports()[0].proof == message.proof
    assert world.reports()[0].execution_id == message.request.job_execution_id
    eventually(lambda: world.messages_left() == 0)
    registration = world.control_plane.registered[0]
    assert registration["methods"] == ["SHELL", "HTTP_GET"]
    assert registration["tags"] == ["Linux"]


def test_artifacts_and_a_long_log_go_through_the_bucket(world: World) -> None:
    world.start_ant()
    first = world.send(
        task(
            "mkdir out; echo data > out/f",
            "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done",
            "echo '::set-output name=answer::42'",
            options={"artifacts": {"paths": ["out"]}},
        )
    )
    response = world.outcome(first)

    second = world.run("cat out/f", dependencies=response.artifacts)

    assert response.job_context == {"answer": "42"}
    assert second.log.inline == "data\n"
    log = world.log_of(first, response)
    assert log.startswith(b"line 0\n")
    assert b"line 1999\n" in log
    assert len(log) == response.log.size


def test_no_more_tasks_run_at_once_than_the_capacity(world: World, tmp_path: Path) -> None:
    world.control_plane.queues["SHELL|x"] = other = world.make_queue(f"{world.bucket}-x")
    mark = f"{tmp_path}/run-$$"
    script = f"echo > {mark}; ls {tmp_path} | grep -c run-; sleep 0.1; rm {mark}"
    messages = [world.send(task(script), queue) for _ in range(5) for queue in (world.shell, other)]
    world.start_ant(capacity=2)

    at_once = [int(world.outcome(message).log.inline) for message in messages]

    assert max(at_once) == 2
    assert len(at_once) == 10


def test_idle_queues_neither_hold_capacity_nor_starve(world: World) -> None:
    queues = [world.make_queue(f"{world.bucket}-{n}") for n in range(4)]
    world.control_plane.queues = {f"SHELL|q{n}": url for n, url in enumerate(queues)}
    world.start_ant(capacity=1)
    eventually(lambda: world.control_plane.heartbeats)

    busy = [world.send(task("true"), queues[0]) for _ in range(10)]
    rare = world.send(task("true"), queues[3])

    world.outcome(rare, 15)
    for message in busy:
        world.outcome(message, 15)


def test_two_ants_share_the_work(world: World) -> None:
    world.start_ant("ant-1", capacity=1)
    world.start_ant("ant-2", capacity=1)

    messages = [world.send(task("sleep 0.2")) for _ in range(6)]

    done_by = [world.outcome(message).ant_id for message in messages]
    assert set(done_by) == {"ant-1", "ant-2"}
    assert len(world.reports()) == 6


def test_a_queue_that_a_heartbeat_names_is_polled_and_a_dropped_one_is_not(world: World) -> None:
    world.start_ant()
    late = world.make_queue(f"{world.bucket}-late")
    world.control_plane.queues = {"HTTP_GET|": late}

    message = world.send(task("true"), late)

    assert world.outcome(message).status is RequestState.COMPLETED


def test_a_cancel_in_a_heartbeats_answer_ends_the_task(world: World) -> None:
    world.start_ant()
    message = world.send(task("sleep 60"))
    beat = eventually(lambda: [b for b in world.control_plane.heartbeats if b["in_flight"]])[0]

    world.control_plane.cancel = [message.task_key]

    assert world.outcome(message).status is RequestState.CANCELLED
    flight = beat["in_flight"][0]
    assert flight["job_request_id"] == message.request.job_request_id
    assert (flight["attempt"], flight["proof"]) == (1, message.proof)
    assert beat["current_load"] == 1


def test_a_message_delivered_before_runs_only_as_the_attempt_that_was_claimed(world: World) -> None:
    message = world.send(task('echo "$FORMICARY_ATTEMPT"; echo > f', options=KEEP_F))
    world.sqs.receive_message(QueueUrl=world.shell, VisibilityTimeout=0)
    world.control_plane.claim_answer = lambda _: {
        "granted": True,
        "attempt": 2,
        "proof": "new proof",
        "object_prefix": "t/acme/second/",
    }
    world.start_ant()

    report = eventually(world.reports)[0]

    claim = world.control_plane.claims[0]
    assert (claim["attempt"], claim["proof"]) == (1, message.proof)
    assert claim["job_execution_id"] == message.request.job_execution_id
    assert (report.event["attempt"], report.proof) == (2, "new proof")
    assert report.response.log.inline == "2\n"
    assert report.response.artifacts[0].key == "t/acme/second/artifacts/1/f"


def test_a_message_whose_claim_is_refused_is_deleted_without_running(world: World) -> None:
    world.send(task("true"))
    world.sqs.receive_message(QueueUrl=world.shell, VisibilityTimeout=0)

    world.start_ant()

    eventually(lambda: world.messages_left() == 0)
    assert world.reports() == []


def test_a_message_that_cannot_be_read_is_deleted(world: World) -> None:
    world.sqs.send_message(QueueUrl=world.shell, MessageBody='{"no": "task"}')
    world.start_ant()

    assert world.run("true").status is RequestState.COMPLETED
    eventually(lambda: world.messages_left() == 0)


def test_a_lease_is_kept_for_as_long_as_the_task_runs(world: World) -> None:
    world.control_plane.lease_seconds = 2
    world.start_ant("ant-1")
    world.start_ant("ant-2")

    response = world.run("sleep 4")

    assert response.status is RequestState.COMPLETED
    assert world.control_plane.claims == []
