"""The world of an ant in tests: an AWS, a control plane, task messages in, reports out."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from ant_agent.agent import Ant
from ant_agent.settings import Settings
from formicary.domain.messages import EventMessage
from formicary.domain.task_request import ExecutorOptions, TaskMessage, TaskRequest
from formicary.domain.task_response import TaskResponse
from tests.integration.ant.embedded_aws import EmbeddedAws
from tests.integration.ant.fake_control_plane import FakeControlPlane

_numbers = itertools.count()
_START_ANT = """
import sys
from pathlib import Path
from ant_agent import Settings, main
url, name, work, capacity = sys.argv[1:]
sys.exit(main(Settings(url=url, token="secret-token", id=name, work_dir=Path(work),
    capacity=int(capacity), methods="SHELL,HTTP_GET", grace_seconds=0.5, poll_seconds=1)))
"""


def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first true answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


class World:
    """Fresh queues and bucket on a shared emulator."""

    def __init__(self, aws: EmbeddedAws, work: Path) -> None:
        name = f"w{os.getpid()}-{next(_numbers)}"
        options = {
            "endpoint_url": aws.url,
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        self.aws = aws
        self.work = work
        self.sqs = boto3.client("sqs", **options)
        self.s3 = boto3.client("s3", **options)
        self.control_plane = FakeControlPlane()
        self.events = self.make_queue(f"{name}-events")
        self.shell = self.make_queue(f"{name}-shell")
        self.bucket = f"{name}-artifacts"
        self.s3.create_bucket(Bucket=self.bucket)
        self.control_plane.queues = {"SHELL|": self.shell}
        self.control_plane.answer = {
            "tenant": "acme",
            "region": "us-east-1",
            "artifact_bucket": self.bucket,
            "events_queue_url": self.events,
            "messaging_queue_prefix": f"{name}-acme-messages-",
        }
        self._ants: list[tuple[Ant, threading.Thread]] = []
        self._processes: list[subprocess.Popen] = []
        self._seen: list[EventMessage] = []

    def make_queue(self, name: str) -> str:
        return self.sqs.create_queue(QueueName=name)["QueueUrl"]

    def start_ant(self, name: str = "ant-1", **settings: Any) -> Ant:
        """Start an ant in threads of this process."""
        defaults: dict[str, Any] = {
            "url": self.control_plane.url,
            "token": "secret-token",
            "id": name,
            "work_dir": self.work,
            "grace_seconds": 0.3,
            "poll_seconds": 1,
            "methods": "SHELL,HTTP_GET",
        }
        ant = Ant(Settings(**(defaults | settings)))
        thread = threading.Thread(target=ant.run)
        thread.start()
        self._ants.append((ant, thread))
        return ant

    def start_process(self, name: str = "ant-p", capacity: int = 2) -> subprocess.Popen:
        """Start an ant in a process of its own."""
        arguments = [self.control_plane.url, name, str(self.work), str(capacity)]
        with (self.work / f"{name}.stderr").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-c", _START_ANT, *arguments], stderr=log)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for ant, _ in self._ants:
            ant.stop()
            ant.stop()
        for process in self._processes:
            process.kill()
            process.wait()
        for _, thread in self._ants:
            thread.join(20)
            assert not thread.is_alive()
        self.control_plane.close()
        self.sqs.close()
        self.s3.close()

    def send(self, message: TaskMessage, queue: str | None = None) -> TaskMessage:
        self.sqs.send_message(QueueUrl=queue or self.shell, MessageBody=message.model_dump_json())
        return message

    def run(self, *script: str, **changes: Any) -> TaskResponse:
        """Have one task run and return what is reported."""
        return self.outcome(self.send(task(*script, **changes)))

    def outcome(self, message: TaskMessage, seconds: float = 60) -> TaskResponse:
        """Wait for the report of an attempt."""
        return eventually(lambda: self._find(message), seconds).response

    def reports(self) -> list[EventMessage]:
        """All reports so far."""
        answer = self.sqs.receive_message(QueueUrl=self.events, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self._seen.append(EventMessage.model_validate_json(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.events, ReceiptHandle=message["ReceiptHandle"])
        return self._seen

    def messages_left(self, queue: str | None = None) -> int:
        """Messages on a queue, visible or leased."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=queue or self.shell, AttributeNames=names)
        return sum(int(number) for number in answer["Attributes"].values())

    def object(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def log_of(self, message: TaskMessage, response: TaskResponse) -> bytes:
        if not response.log.chunks:
            return response.log.inline.encode()
        keys = (f"{message.object_prefix}log/{n:06d}" for n in range(1, response.log.chunks + 1))
        return b"".join(map(self.object, keys))

    def _find(self, message: TaskMessage) -> EventMessage | None:
        for report in self.reports():
            response = report.response
            if (
                response is not None
                and response.job_request_id == message.request.job_request_id
                and report.event["attempt"] == message.attempt
            ):
                return report
        return None


def task(*script: str, options: dict[str, Any] | None = None, **changes: Any) -> TaskMessage:
    """Make the message of a SHELL task."""
    number = next(_numbers)
    envelope = {
        name: changes.pop(name) for name in ("dependencies", "attempt", "proof") if name in changes
    }
    request = TaskRequest(
        job_definition_id="job:1",
        job_request_id=f"run-{number}",
        job_type=changes.pop("job_type", "job"),
        job_type_version="1",
        job_execution_id=f"exec-{number}",
        task_execution_id=f"task-{number}",
        task_type="work",
        co_relation_id="c",
        script=list(script),
        executor_opts=ExecutorOptions.model_validate({"method": "SHELL", **(options or {})}),
        **changes,
    )
    return TaskMessage.model_validate(
        {
            "tenant": "acme",
            "attempt": 1,
            "proof": f"proof-{number}",
            "object_prefix": f"t/acme/{number}/1/",
            "request": request,
            **envelope,
        }
    )
