"""SHELL: the items of the scripts, one after the other in one /bin/sh session."""

import contextlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ant_agent.executors.base import (
    ExecutorError,
    ExecutorHost,
    ExecutorResult,
    ExecutorUnavailableError,
    TaskContext,
)
from ant_agent.executors.script_session import ScriptSession, signal_words
from ant_agent.process_manager import ProcessEnd, ProcessManager, ProcessSpec
from formicary.domain.states import ErrorCode

_SHELL = "/bin/sh"


class ShellExecutor:
    """Runs scripts as processes of this host."""

    on_host = True

    def __init__(self, host: ExecutorHost) -> None:
        self._processes = host.processes

    def check(self) -> None:
        """Raise ExecutorUnavailableError when there is no shell."""
        if not Path(_SHELL).exists():
            raise ExecutorUnavailableError(f"SHELL needs {_SHELL}, which this host does not have")

    def open(self, task: TaskContext) -> "ShellSession":
        """Take an attempt."""
        return ShellSession(self._processes, task)

    def reap(self) -> None:
        """Nothing to do: the process manager sweeps with every heartbeat."""

    def close(self) -> None:
        """Nothing is held."""


class ShellSession:
    """One attempt: its scripts work in the ant's file system, so there are no files to fetch."""

    def __init__(self, processes: ProcessManager, task: TaskContext) -> None:
        self._processes = processes
        self._task = task

    def run_scripts(self) -> ExecutorResult:
        """Run `before_script` and `script` in one session; the first failing item ends it."""
        request = self._task.request
        items = [*request.before_script, *request.script]
        session = self._session("script", items, len(request.before_script))
        try:
            end = self._run(session)
        except OSError as error:
            raise ExecutorError(
                ErrorCode.TASK_EXECUTE, f"cannot start {_SHELL}: {error.strerror}"
            ) from error
        return _result(session, end)

    def run_after_script(self) -> list[str]:
        """Run `after_script` in a session of its own."""
        items = self._task.request.after_script
        session = self._session("after", items)
        try:
            end = self._run(session)
        except OSError as error:
            return [f"after_script could not be started: {error.strerror}"]
        if end.stopped is not None:
            return [f"after_script {end.stopped}"]
        if end.returncode != 0:
            code, message = _exit(end.returncode)
            return [f"after_script failed: {message or f'exit code {code}'}"]
        return []

    def fetch(self, patterns: Sequence[str]) -> list[str]:  # noqa: ARG002 - they are there
        """Nothing to do."""
        return []

    def close(self) -> None:
        """Nothing to do: each session ends with all its processes."""

    def _session(self, name: str, items: Sequence[str], before: int = 0) -> "_SessionFiles":
        direct = self._task.request.executor_opts.wants("execute_command_without_shell")
        folder = self._task.directory.control
        return _SessionFiles.write(folder, name, items, before, direct=direct)

    def _run(self, session: "_SessionFiles") -> ProcessEnd:
        task = self._task
        # The user may have deleted the working directory in the meantime; nothing can start there.
        task.working_dir.mkdir(parents=True, exist_ok=True)
        spec = ProcessSpec(
            argv=(_SHELL, str(session.driver)),
            cwd=task.working_dir,
            environment=task.environment,
            task_dir=task.directory.root,
            pid_file=task.directory.pid_file,
            streams=task.streams,
        )
        return self._processes.run(spec, task.output, task.cancellation)


@dataclass(frozen=True, slots=True)
class _SessionFiles:
    """The files of one shell session."""

    session: ScriptSession
    driver: Path
    position: Path
    border: Path

    @classmethod
    def write(
        cls, folder: Path, name: str, items: Sequence[str], before: int, *, direct: bool
    ) -> "_SessionFiles":
        position, border = folder / f"{name}.position", folder / f"{name}.border"
        mark = f":>|{shlex.quote(str(border))}"
        session = ScriptSession(name, items, before, mark, direct)
        for file, text in session.files(folder, position).items():
            (folder / file).write_text(text, encoding="utf-8", errors="replace")
        return cls(session, folder / session.driver, position, border)

    def failed_command(self) -> str:
        """The item that was begun last."""
        with contextlib.suppress(OSError, ValueError):
            return self.session.command(int(self.position.read_text()))
        return ""

    def border_passed_at(self) -> datetime | None:
        """When the last item of `before_script` had ended."""
        with contextlib.suppress(OSError):
            return datetime.fromtimestamp(self.border.stat().st_mtime, UTC)
        return None


def _result(session: _SessionFiles, end: ProcessEnd) -> ExecutorResult:
    border = session.border_passed_at()
    if end.stopped is not None:
        return ExecutorResult(succeeded=False, stopped=end.stopped, pre_script_finished_at=border)
    code, message = _exit(end.returncode)
    if end.returncode == 0:
        return ExecutorResult(succeeded=True, exit_code=code, pre_script_finished_at=border)
    return ExecutorResult(
        succeeded=False,
        exit_code=code,
        exit_message=message,
        error_code=ErrorCode.TASK_EXECUTE,
        error_message=message or f"exit code {code}",
        failed_command=session.failed_command(),
        pre_script_finished_at=border,
    )


def _exit(returncode: int) -> tuple[str, str]:
    """Return the exit code as a shell would report it, and the name of a signal that ended it."""
    code = returncode if returncode >= 0 else 128 - returncode
    return str(code), signal_words(code)
