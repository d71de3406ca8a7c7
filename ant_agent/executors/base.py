"""What the ant asks of an executor and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.output_log import OutputLog
from ant_agent.task_directory import TaskDirectory
from formicary.domain.task_request import TaskRequest


@dataclass(frozen=True, slots=True)
class TaskContext:
    """One attempt as an executor sees it."""

    request: TaskRequest
    environment: Mapping[str, str]
    directory: TaskDirectory
    working_dir: Path
    output: OutputLog
    cancellation: Cancellation


@dataclass(frozen=True, slots=True)
class ExecutorResult:
    """How the scripts went; `stopped` when they were not let to end."""

    succeeded: bool
    exit_code: str = ""
    exit_message: str = ""
    error_code: str = ""
    error_message: str = ""
    failed_command: str = ""
    stopped: StopReason | None = None
    pre_script_finished_at: datetime | None = None
    warnings: tuple[str, ...] = field(default=())


class Executor(Protocol):
    """Carries out the tasks of some methods; one instance serves all threads."""

    def execute(self, task: TaskContext) -> ExecutorResult:
        """Run `before_script` and `script`."""

    def clean_up(self, task: TaskContext) -> list[str]:
        """Run `after_script`; return what went wrong as warnings."""
