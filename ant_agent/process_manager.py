"""Starts the processes of tasks and makes sure that none of them outlives its task.

A task's shell leads a session and a process group of its own. At the end the group is killed, then
whatever left it: as subreaper the ant inherits strays, and knows them by session or by the task
folder in their environment. One that hid both is killed as soon as no task is running.
"""

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ant_agent import proc_tree
from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.exit_watch import ExitWatch
from ant_agent.output_log import OutputSink
from ant_agent.output_pump import OutputPump
from formicary.domain.log_streams import Stream

_log = logging.getLogger(__name__)
_REAP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to start and where; a single stream takes stderr, too."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    task_dir: Path
    pid_file: Path
    streams: Sequence[Stream] = (Stream.STDOUT,)


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How it ended: `returncode` is negative for a signal, `stopped` says why we ended it."""

    returncode: int
    stopped: StopReason | None


class ProcessManager:
    """Runs processes one a call; shared by all tasks of the ant."""

    def __init__(self, *, grace_seconds: float, owns_process: bool = False) -> None:
        """Take the grace; `owns_process` allows to kill children that nobody knows."""
        self._grace_seconds = grace_seconds
        self._owns_process = owns_process
        self._lock = threading.Lock()
        self._leaders: set[int] = set()
        proc_tree.become_subreaper()

    def run(self, spec: ProcessSpec, output: OutputSink, cancellation: Cancellation) -> ProcessEnd:
        """Run to the end, or until told to stop; raises OSError when it cannot be started."""
        cancellation.check()
        process = self._start(spec)
        try:
            with contextlib.ExitStack() as open_pipes, ExitWatch(process) as watch:
                pipes = _pipes(process)
                for pipe in pipes:
                    open_pipes.enter_context(pipe)
                pump = OutputPump(pipes, output, watch)
                stopped = self._supervise(process, pump, cancellation)
                self._kill_group(process.pid, signal.SIGKILL)
                returncode = process.wait()
                self._end_strays(process.pid, spec.task_dir)
                pump.drain()
        finally:
            with self._lock:
                self._leaders.discard(process.pid)
            spec.pid_file.unlink(missing_ok=True)
        return ProcessEnd(returncode, stopped)

    def sweep(self) -> None:
        """Bury orphans that have ended; with no task running, end those that live on."""
        with self._lock:
            for pid in self._strangers():
                if not _bury(pid) and self._owns_process and not self._leaders:
                    _log.warning("killing a process that no task owns", extra={"pid": pid})
                    _kill(pid)

    def _start(self, spec: ProcessSpec) -> subprocess.Popen[bytes]:
        with self._lock:
            process = subprocess.Popen(
                spec.argv,
                cwd=spec.cwd,
                env=dict(spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if len(spec.streams) == 1 else subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
            self._leaders.add(process.pid)
        # A script may have deleted its folder by now.
        with contextlib.suppress(OSError):
            spec.pid_file.write_text(f"{process.pid} {proc_tree.started_at(process.pid)}")
        return process

    def _supervise(
        self, process: subprocess.Popen[bytes], pump: OutputPump, cancellation: Cancellation
    ) -> StopReason | None:
        if pump.until_exit(cancellation):
            return None
        reason = cancellation.reason
        if reason is not StopReason.ABANDONED:
            self._kill_group(process.pid, signal.SIGTERM)
            pump.until_exit_within(self._grace_seconds, cancellation)
        return reason

    def _kill_group(self, leader: int, number: signal.Signals) -> None:
        # The leader is not waited for yet, so that its id cannot have become another group's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)

    def _end_strays(self, leader: int, task_dir: Path) -> None:
        give_up = time.monotonic() + _REAP_SECONDS
        # Once killed a process no longer tells whose it was.
        ours: set[int] = set()
        while True:
            with self._lock:
                ours |= {pid for pid in self._strangers() if _belongs(pid, leader, task_dir)}
                # One that ended just now may have left children behind: look once more.
                found = bool(ours)
                ours = {pid for pid in ours if not _bury(pid)}
            for pid in ours:
                _kill(pid)
            if not found and not _group_exists(leader):
                return
            if time.monotonic() > give_up:
                _log.error("processes of a task do not end", extra={"pids": sorted(ours)})
                return
            time.sleep(0.002)

    def _strangers(self) -> list[int]:
        return [pid for pid in proc_tree.children() if pid not in self._leaders]


def _pipes(process: subprocess.Popen[bytes]) -> dict[IO[bytes], Stream]:
    pipes = ((process.stdout, Stream.STDOUT), (process.stderr, Stream.STDERR))
    return {pipe: stream for pipe, stream in pipes if pipe is not None}


def kill_leftovers(tasks: Path) -> None:
    """Kill what an earlier ant with this folder left running (it must have ended)."""
    for pid_file in tasks.glob("*/pid"):
        with contextlib.suppress(OSError, ValueError):
            leader, started = pid_file.read_text().split(" ")
            if started and proc_tree.started_at(int(leader)) == started:
                os.killpg(int(leader), signal.SIGKILL)
    for pid in proc_tree.processes_below(tasks):
        _log.warning("killing a process of an earlier ant", extra={"pid": pid})
        _kill(pid)


def _belongs(pid: int, leader: int, task_dir: Path) -> bool:
    return proc_tree.session_of(pid) == leader or proc_tree.task_dir_of(pid) == str(task_dir)


def _bury(pid: int) -> bool:
    """Whether the process has ended (its entry is then freed)."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    return True


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _group_exists(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
