"""A task that fills the disk of its ant fails as it failed, and is told of."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ant_agent.delivery_handler import DeliveryHandler
from ant_agent.running_tasks import RunningTasks
from ant_agent.spool import Report
from ant_agent.task_directory import TaskDirectory
from ant_agent.task_outcome import Outcome
from formicary.domain.states import ErrorCode
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
