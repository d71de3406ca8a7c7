"""The protocol of executors: what the ant asks of one and what it answers.

An executor is one class that implements `Executor`, announced as an entry point of the group
`formicary.executors` whose name is the method it carries out. The ant makes one instance a class
with an `ExecutorHost`, asks it with `check` whether it can work here, and `open`s a session for
each attempt: scripts, then `after_script`, then files, then `close`, whatever happened before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.messaging_queues import MessagingQueues
from ant_agent.output_log import OutputLog
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from ant_agent.task_directory import TaskDirectory
from formicary.domain.log_streams import Stream
from formicary.domain.states import ErrorCode
from formicary.domain.task_request import TaskRequest


class ExecutorUnavailableError(Exception):
    """An executor cannot work on this host; the message says why and the mend."""


class ExecutorError(Exception):
    """An attempt fails for a reason of the executor's own; the message says why and the mend."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ExecutorHost:
    """The parts of the ant that executors are made with; `messaging` once it is connected."""

    settings: Settings
    processes: ProcessManager
    messaging: MessagingQueues | None = None


@dataclass(frozen=True, slots=True)
class TaskContext:
    """One attempt as an executor sees it."""

    request: TaskRequest
    environment: Mapping[str, str]
    directory: TaskDirectory
    working_dir: Path
    output: OutputLog
    cancellation: Cancellation

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that its log tells apart; what is one keeps the order of its lines."""
        if self.request.executor_opts.wants("separate_streams"):
            return tuple(Stream)
        return (Stream.STDOUT,)


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
    started_at: datetime | None = None
    pre_script_finished_at: datetime | None = None
    warnings: tuple[str, ...] = field(default=())


class TaskSession(Protocol):
    """One attempt in the hands of an executor; used by one thread."""

    def run_scripts(self) -> ExecutorResult:
        """Run `before_script` and `script`; may raise TaskStoppedError and ExecutorError."""

    def run_after_script(self) -> list[str]:
        """Run `after_script`; return what went wrong as warnings."""

    def fetch(self, patterns: Sequence[str]) -> list[str]:
        """Bring the files that paths or globs name into the task's `working_dir`.

        Nothing to do where the scripts worked in that folder. Returns warnings.
        """

    def close(self) -> None:
        """Remove everything that the attempt left; never raises for what is already gone."""


class Executor(Protocol):
    """Carries out the tasks of some methods; one instance serves all threads."""

    @property
    def on_host(self) -> bool:
        """Whether scripts run in the ant's own file system.

        If not, the task's `working_dir` is a staging folder: what lies in it before the scripts is
        to be brought to them, and `fetch` brings results back.
        """

    def check(self) -> None:
        """Raise ExecutorUnavailableError when it cannot work here."""

    def open(self, task: TaskContext) -> TaskSession:
        """Take an attempt; costs nothing until `run_scripts`."""

    def reap(self) -> None:
        """Remove what attempts of this ant left behind and no open session owns."""

    def close(self) -> None:
        """Let go of connections; the ant ends."""


ExecutorFactory = Callable[[ExecutorHost], Executor]
