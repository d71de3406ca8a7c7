"""MESSAGING tasks: requests and replies over real queues, a responder in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from formicary.domain.states import RequestState
from tests.integration.ant.world import eventually, task

RESPONDER = Path(__file__).with_name("responder.py")
REQUESTS, REPLIES = "formicary-message-ant-request", "formicary-message-ant-response"


class Messaging:
    """The queues of a world, named as the article does, and who answers on them."""

    def __init__(self, world) -> None:
        self.world = world
        self.prefix = world.control_plane.answer["messaging_queue_prefix"]
        self.tasks = world.make_queue(f"{self.prefix.partition('-acme')[0]}-tasks")
        self.requests = world.make_queue(f"{self.prefix}{REQUESTS}")
        self.replies = world.make_queue(f"{self.prefix}{REPLIES}")
        world.control_plane.queues = {"MESSAGING|": self.tasks}
        self._responder: subprocess.Popen | None = None

    def respond(self) -> None:
        command = [sys.executable, str(RESPONDER), self.world.aws.url, self.requests]
        self._responder = subprocess.Popen(command)

    def send(self, reply="echo", *, requests=REQUESTS, replies=REPLIES, **changes):
        options = {
            "method": "MESSAGING",
            "messaging_request_queue": requests,
            "messaging_reply_queue": replies,
            **changes.pop("options", {}),
        }
        variables = {"reply": {"value": reply}, **changes.pop("variables", {})}
        message = task("do it", options=options, variables=variables, **changes)
        return self.world.send(message, self.tasks)

    def start_ant(self, name="ant-1"):
        return self.world.start_ant(name, methods="MESSAGING", capacity=8)

    def reply(self, **fields) -> None:
        body = json.dumps({"status": "COMPLETED", **fields})
        self.world.sqs.send_message(QueueUrl=self.replies, MessageBody=body)

    def asked(self) -> dict:
        """Take the next request, as a responder would."""

        def take():
            got = self.world.sqs.receive_message(QueueUrl=self.requests).get("Messages", [])
            return got[0] if got else None

        message = eventually(take)
        self.world.sqs.delete_message(
            QueueUrl=self.requests, ReceiptHandle=message["ReceiptHandle"]
        )
        return json.loads(message["Body"])

    def close(self) -> None:
        if self._responder is not None:
            self._responder.kill()
            self._responder.wait()


@pytest.fixture
def messaging(world):
    messaging = Messaging(world)
    yield messaging
    messaging.close()


def test_the_other_side_is_told_the_task_and_its_reply_is_the_outcome(world, messaging):
    messaging.start_ant()
    messaging.respond()

    message = messaging.send(variables={"key": {"value": "hidden", "secret": True}})
    response = world.outcome(message)

    assert (response.status, response.error_message) == (RequestState.COMPLETED, "")
    told = response.job_context
    assert told["job_request_id"] == message.request.job_request_id
    assert told["idempotency_key"] == message.task_key
    assert (told["task_type"], told["script"], told["epoch"]) == ("work", '["do it"]', "7")
    assert told["names"] == '["reply"]'
    assert world.messages_left(messaging.replies) == 0


def test_a_reply_that_says_failed_fails_the_task_with_its_own_words(world, messaging):
    messaging.start_ant()
    messaging.respond()

    response = world.outcome(messaging.send("fail"))

    assert response.status is RequestState.FAILED
    assert (response.error_code, response.error_message) == ("ERR_MESSAGING_WORKER", "mock error")
    assert response.exit_code == "9"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("garbage", "the reply tells no outcome"),
        ({"status": "EXECUTING"}, "status: Value error, EXECUTING is no outcome"),
        ({"status": None}, "status: Input should be 'PENDING'"),
    ],
)
def test_a_reply_without_an_outcome_fails_the_task(world, messaging, reply, told):
    messaging.start_ant()
    messaging.respond()

    response = world.outcome(messaging.send(reply))

    assert response.status is RequestState.FAILED
    assert response.error_code == "ERR_MESSAGING"
    assert told in response.error_message
    assert world.messages_left(messaging.replies) == 0


def test_many_tasks_share_a_reply_queue_and_each_has_its_own_reply(world, messaging):
    messaging.start_ant("ant-1")
    messaging.start_ant("ant-2")
    messaging.respond()

    messages = [messaging.send() for _ in range(16)]

    for message in messages:
        response = world.outcome(message)
        assert response.job_context["idempotency_key"] == message.task_key
    eventually(lambda: world.messages_left(messaging.replies) == 0)


def test_a_reply_for_somebody_else_stays_on_the_queue(world, messaging):
    messaging.start_ant()
    message = messaging.send()
    request = messaging.asked()

    messaging.reply(co_relation_id="of-another-ant")
    messaging.reply(co_relation_id=request["co_relation_id"])

    assert world.outcome(message).status is RequestState.COMPLETED
    assert world.messages_left(messaging.replies) == 1


def test_a_second_reply_is_taken_off_the_queue(world, messaging):
    messaging.start_ant()
    messaging.respond()

    assert world.outcome(messaging.send("twice")).status is RequestState.COMPLETED
    assert world.outcome(messaging.send()).status is RequestState.COMPLETED

    eventually(lambda: world.messages_left(messaging.replies) == 0)


def test_a_task_without_a_reply_times_out(world, messaging):
    messaging.start_ant()

    response = world.outcome(messaging.send(timeout=0.5))

    assert (response.status, response.error_code) == (RequestState.FAILED, "ERR_TASK_TIMED_OUT")


def test_a_task_that_waits_is_cancelled(world, messaging):
    messaging.start_ant()
    message = messaging.send()
    messaging.asked()

    world.control_plane.cancel = [message.task_key]

    assert world.outcome(message).status is RequestState.CANCELLED


@pytest.mark.parametrize("field", ["requests", "replies"])
def test_a_queue_that_does_not_exist_is_told_with_the_mend(world, messaging, field):
    messaging.start_ant()

    response = world.outcome(messaging.send(**{field: "nowhere"}))

    assert response.error_code == "ERR_MESSAGING"
    mend = f"aws sqs create-queue --queue-name {messaging.prefix}nowhere"
    assert mend in response.error_message


def test_a_reply_queue_that_is_removed_fails_who_waits(world, messaging):
    messaging.start_ant()
    message = messaging.send()
    messaging.asked()

    world.sqs.delete_queue(QueueUrl=messaging.replies)

    response = world.outcome(message)
    assert response.error_code == "ERR_MESSAGING"
    assert "does not exist" in response.error_message


@pytest.mark.parametrize("name", ["*", "a.fifo", "../events", "https://sqs/1/events", "x" * 80])
def test_no_name_leads_out_of_the_tenants_queues(world, messaging, name):
    messaging.start_ant()

    response = world.outcome(messaging.send(requests=name))

    assert response.error_code == "ERR_VALIDATION"
    assert "messaging_request_queue: the queue name" in response.error_message


def test_the_reply_is_kept_where_an_artifact_is_declared(world, messaging):
    messaging.start_ant()
    messaging.respond()

    message = messaging.send(options={"artifacts": {"paths": ["out/reply.json"]}})
    (artifact,) = world.outcome(message).artifacts

    kept = json.loads(world.object(artifact.key))
    assert kept["co_relation_id"] == message.task_key
