"""What an ant does with a message: a claim, a run, and a report even from a full disk."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ant_agent.delivery_handler import DeliveryHandler
from ant_agent.poll_loop import Delivery
from ant_agent.running_tasks import RunningTasks
from ant_agent.spool import Report
from ant_agent.task_directory import TaskDirectory
from ant_agent.task_outcome import Outcome
from formicary.domain.states import ErrorCode
from formicary.domain.task_request import TaskMessage
from tests.integration.ant.world import task


class FullDisk:
    """Runs a task that leaves no room; a report finds some when the task's files are gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[Report] = []
        self.given_back: list[Any] = []

    def run(self, _message: Any, directory: TaskDirectory, _cancellation: Any) -> Outcome:
        (directory.work / "everything").write_bytes(b"x")
        outcome = Outcome()
        outcome.fail(ErrorCode.TASK_EXECUTE, "no space left on device")
        return outcome

    def report(self, report: Report) -> None:
        if any(self.folder.rglob("everything")):
            raise OSError(errno.ENOSPC, "No space left on device")
        self.reports.append(report)

    def give_back(self, lease: Any, _after: int = 0) -> None:
        self.given_back.append(lease)

    def free(self) -> None:
        pass


def test_the_files_of_a_task_make_room_for_its_report(tmp_path: Path) -> None:
    disk: Any = FullDisk(tmp_path)
    nobody: Any = None
    handler = DeliveryHandler(
        ant_id="ant",
        tags=(),
        tasks_folder=tmp_path,
        control_plane=nobody,
        slots=disk,
        leases=disk,
        tasks=RunningTasks(),
        runner=disk,
        reporter=disk,
    )
    delivery: Any = SimpleNamespace(
        lease="lease",
        body=task("fill").model_dump_json(),
        receive_count=1,
        waited_seconds=0,
    )

    handler._handle(delivery)

    assert len(disk.reports) == 1
    assert "no space left on device" in disk.reports[0].body
    assert disk.given_back == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("attributes", "claims"),
    [
        ({}, False),
        ({"ApproximateReceiveCount": "2"}, True),
        ({"SentTimestamp": "1000", "ApproximateFirstReceiveTimestamp": "45999"}, False),
        ({"SentTimestamp": "1000", "ApproximateFirstReceiveTimestamp": "46000"}, True),
        ({"SentTimestamp": "46000"}, False),
        ({"SentTimestamp": "46000", "ApproximateFirstReceiveTimestamp": "0"}, False),
    ],
)
def test_what_has_lain_on_its_queue_for_long_is_claimed_if_it_says_so(
    attributes: dict[str, str], claims: bool
) -> None:
    lease: Any = "lease"
    received: Any = {"Body": "{}", "Attributes": attributes}
    delivery = Delivery(lease, received)
    lent = task("call").model_copy(update={"claim_after": 45.0})

    def needs_claim(message: TaskMessage) -> bool:
        return message.needs_claim(
            deliveries=delivery.receive_count, waited_seconds=delivery.waited_seconds
        )

    assert needs_claim(lent) is claims
    assert needs_claim(task("call")) is (delivery.receive_count > 1)
