"""Waiting for a run at the command line, and showing it at its end."""

import sys

from formicary.entrypoints.cli.exit_codes import ExitCode, exit_code_of_state
from formicary.entrypoints.cli.follow import (
    LogTail,
    ProgressReport,
    RunWatcher,
    WaitTimedOutError,
)
from formicary.entrypoints.cli.output import emit
from formicary.entrypoints.cli.run_view import declared_tasks, show_run
from formicary.entrypoints.cli.session import Session, tell


def watch_run(
    session: Session, run_id: str, *, timeout: float | None, output: str, logs: bool
) -> ExitCode:
    """Wait for a run, telling how it goes on stderr, and show it at its end."""
    watcher = RunWatcher(session.client, run_id, timeout, warn=tell)
    progress = ProgressReport(tell)
    tail = LogTail(session.client, write_bytes)
    run = None
    try:
        for run in watcher.views():
            progress.update(run) if not logs else tail.update(run)
    except WaitTimedOutError:
        tell(f"formicary: run {run_id} is not finished after {timeout:g} s; it goes on.")
        return ExitCode.TIMED_OUT
    except KeyboardInterrupt:
        tell(f"\nThe run goes on: formicary run show {run_id}, formicary run cancel {run_id}")
        raise
    final = run or {}
    emit(output, final, lambda: show_run(final, declared_tasks(session.client, final)))
    return exit_code_of_state(str(final["job_state"]))


def write_bytes(data: bytes) -> None:
    """Print what a task wrote, byte for byte, at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
