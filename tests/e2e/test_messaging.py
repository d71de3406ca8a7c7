"""MESSAGING tasks on the whole system; the worker of examples/ is the program at the other end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from formicary.entrypoints.local.home import CHECKOUT
from formicary.entrypoints.local.settings import shell_environment
from tests.e2e.api import eventually, states_of, tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.api import Api
    from tests.e2e.local_system import LocalSystem

EXAMPLES = CHECKOUT / "examples"
# The queues as section 5.1.2 of the article names them.
REQUESTS, REPLIES = "formicary-message-ant-request", "formicary-message-ant-response"
BY_HAND = """
job_type: {name}
tasks:
- task_type: ask
  method: MESSAGING
  tags: [{name}]
  messaging_request_queue: {name}-request
  messaging_reply_queue: {name}-response
  timeout: 2m
  variables:
    colour: green
  on_completed: "yes"
  on_failed: "no"
- task_type: "yes"
  method: SHELL
  script: ['echo yes at {{{{.epoch}}}}']
- task_type: "no"
  method: SHELL
  script: ['echo no']
"""


class OtherSide:
    """Who answers requests: queues of a tenant, and replies made by hand."""

    def __init__(self, system: LocalSystem, prefix: str, name: str) -> None:
        self._sqs: Any = system.aws.client("sqs")
        made = [
            self._sqs.create_queue(QueueName=f"{prefix}{name}-{side}")["QueueUrl"]
            for side in ("request", "response")
        ]
        self._requests, self._replies = made

    def asked(self) -> dict[str, Any]:
        """Take the next request."""
        found: list[dict[str, Any]] = []

        def received() -> bool:
            answer = self._sqs.receive_message(QueueUrl=self._requests, WaitTimeSeconds=2)
            found.extend(answer.get("Messages", []))
            return bool(found)

        assert eventually(received)
        handle = found[0]["ReceiptHandle"]
        self._sqs.delete_message(QueueUrl=self._requests, ReceiptHandle=handle)
        return json.loads(found[0]["Body"])

    def answer(self, body: str, key: str) -> None:
        """Reply with this text, whatever it is; the attribute says to whom."""
        attribute = {"co_relation_id": {"DataType": "String", "StringValue": key}}
        self._sqs.send_message(
            QueueUrl=self._replies, MessageBody=body, MessageAttributes=attribute
        )


@pytest.fixture(scope="module")
def prefix(api: Api) -> str:
    """How the tenant's queues begin, as an ant is told."""
    trial = {"ant_id": "asks", "methods": ["MESSAGING"], "tags": [], "trial": True}
    answer = api.post_json("/api/ants", trial)
    assert answer.status in (200, 201), answer
    return answer.json["messaging_queue_prefix"]


@pytest.fixture(scope="module")
def messenger(system: LocalSystem) -> Iterator[None]:
    """An ant for the tasks that are answered by hand."""
    tags = "e2e-msg-ok,e2e-msg-failed,e2e-msg-bad,e2e-msg-gone"
    ant = system.start_ant("messenger", tags=tags, methods="MESSAGING", capacity=4)
    yield
    ant.end()


@pytest.fixture
def worker(system: LocalSystem, prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program of examples/, started as its comment says."""
    process = subprocess.Popen(
        [sys.executable, "messaging_worker.py", prefix + REQUESTS, prefix + REPLIES],
        cwd=EXAMPLES,
        env={**shell_environment(), "NO_PROXY": "*", **system.env},
        stdin=subprocess.DEVNULL,
    )
    sqs: Any = system.aws.client("sqs")

    def has_made_its_queues() -> bool:
        found = sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        names = {url.rpartition("/")[2] for url in found}
        return {prefix + REQUESTS, prefix + REPLIES} <= names

    assert eventually(has_made_its_queues)
    yield process
    process.kill()
    process.wait(20)


def test_the_worker_of_the_examples_decides_how_the_job_goes_on(api, worker):
    api.define((EXAMPLES / "messaging.yaml").read_bytes())
    with_text = api.submit("messaging", Text="three little words")
    without = api.submit("messaging", Text="")

    counted, empty = api.ended(with_text, "COMPLETED"), api.ended(without, "COMPLETED")

    assert states_of(counted) == {"count": "COMPLETED", "tell": "COMPLETED"}
    assert "counted for messaging/count\n" in api.log(with_text, "count")
    assert api.log(with_text, "tell").startswith("3 words, counted at 1")
    assert states_of(empty) == {"count": "COMPLETED", "nothing": "COMPLETED"}
    assert tasks_of(empty)["count"]["exit_code"] == "3"
    worker.terminate()
    assert worker.wait(60) == 0


def asked(api: Api, system: LocalSystem, prefix: str, name: str) -> tuple[str, Any, OtherSide]:
    """Submit a job whose request a test answers by hand."""
    side = OtherSide(system, prefix, name)
    api.define(BY_HAND.format(name=name))
    run = api.submit(name)
    return run, side.asked(), side


@pytest.mark.usefixtures("messenger")
def test_a_reply_with_the_fields_of_the_article_completes_the_task(api, system, prefix):
    run, request, side = asked(api, system, prefix, "e2e-msg-ok")
    names = ("job_request_id", "task_execution_id", "job_type", "task_type", "co_relation_id")
    same = {name: request[name] for name in names}
    outcome = {"status": "COMPLETED", "error_code": "", "exit_code": "", "artifacts": []}
    more = {"ant_id": "", "host": "", "tags": None, "warnings": None, "task_context": {"epoch": 8}}

    side.answer(json.dumps({**same, **outcome, **more}), request["co_relation_id"])

    ended = api.ended(run, "COMPLETED")
    assert request["job_request_id"] == run
    assert tasks_of(ended)["ask"]["ant_id"] == "messenger"
    assert request["variables"]["colour"]["value"] == "green"
    assert states_of(ended) == {"ask": "COMPLETED", "yes": "COMPLETED"}
    assert api.log(run, "yes") == "yes at 8\n"


@pytest.mark.usefixtures("messenger")
def test_a_reply_that_says_failed_fails_the_task_in_its_own_words(api, system, prefix):
    run, request, side = asked(api, system, prefix, "e2e-msg-failed")
    words = "mock error for messaging client"
    reply = {"status": "FAILED", "error_code": "ERR_MESSAGING_WORKER", "error_message": words}

    side.answer(json.dumps(reply), request["co_relation_id"])

    ended = api.ended(run, "FAILED")
    failed = tasks_of(ended)["ask"]
    assert states_of(ended) == {"ask": "FAILED", "no": "COMPLETED"}
    assert (failed["error_code"], failed["error_message"]) == ("ERR_MESSAGING_WORKER", words)


@pytest.mark.usefixtures("messenger")
def test_a_reply_that_is_not_json_fails_the_task_with_the_mend(api, system, prefix):
    run, request, side = asked(api, system, prefix, "e2e-msg-bad")

    side.answer("<done/>", request["co_relation_id"])

    ended = api.ended(run, "FAILED")
    failed = tasks_of(ended)["ask"]
    assert states_of(ended) == {"ask": "FAILED", "no": "COMPLETED"}
    assert failed["error_code"] == "ERR_MESSAGING"
    assert "reply with a JSON object" in failed["error_message"]
    assert "<done/>" in api.log(run, "ask")


@pytest.mark.usefixtures("messenger")
def test_a_queue_that_is_not_there_is_told_with_the_command_that_makes_it(api, prefix):
    api.define(BY_HAND.format(name="e2e-msg-gone"))

    failed = tasks_of(api.ended(api.submit("e2e-msg-gone"), "FAILED"))["ask"]

    assert failed["error_code"] == "ERR_MESSAGING"
    made = f"aws sqs create-queue --queue-name {prefix}e2e-msg-gone-request"
    assert made in failed["error_message"]
