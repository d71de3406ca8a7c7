"""Processes that outlive the command which starts them, found again by pid and start time.

A pid alone may belong to a stranger by now; with its start time it cannot.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROC = Path("/proc")
_LOOK_SECONDS = 0.02


class _Detached(subprocess.Popen[bytes]):
    """A process that may outlive whoever started it: dropping its handle is no leak."""

    def __del__(self, *_: Any) -> None:
        """Warn of nothing."""


@dataclass
class Daemon:
    """One detached process with its record on disk and its log."""

    record_file: Path
    log_file: Path
    # Kept to reap it, where the process that started it still lives when it ends.
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def pid(self) -> int | None:
        """The pid, if the process that was recorded still runs."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        record = self._read()
        if record is None or start_mark(record["pid"]) != record["start_mark"]:
            return None
        return int(record["pid"])

    def fact(self, name: str) -> Any:
        """What was noted about the process when it started."""
        record = self._read()
        return None if record is None else record["facts"].get(name)

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        facts: Mapping[str, Any],
    ) -> int:
        """Start in a session of its own, output to the log, and note which process that is."""
        with self.log_file.open("ab") as log:
            self._child = _Detached(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pid = self._child.pid
        record = {"pid": pid, "start_mark": start_mark(pid), "facts": dict(facts)}
        unfinished = self.record_file.with_suffix(".new")
        unfinished.write_text(json.dumps(record))
        unfinished.replace(self.record_file)
        return pid

    def stop(self, *, grace_seconds: float) -> bool:
        """Ask it to end, insist after the grace; whether it ended by itself."""
        pid = self.pid()
        if pid is None:
            self.record_file.unlink(missing_ok=True)
            return True
        os.kill(pid, signal.SIGTERM)
        ended = self.wait_end(grace_seconds)
        if not ended and self.pid() is not None:
            os.kill(pid, signal.SIGKILL)
            self.wait_end(grace_seconds)
        self.record_file.unlink(missing_ok=True)
        return ended

    def wait_end(self, seconds: float) -> bool:
        """Whether it is gone before the time is over."""
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def log_tail(self, lines: int = 15) -> str:
        """The end of the log, for a message about a failure."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def _read(self) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads(self.record_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record


def start_mark(pid: int) -> str | None:
    """When the process started, in words that no other process with this pid can share."""
    if not (_PROC / "self").exists():
        return _start_mark_by_ps(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, so count from its end.
    fields = stat.rpartition(")")[2].split()
    state, ticks_since_boot = fields[0], fields[19]
    if state == "Z" and not _has_threads(pid):
        return None
    return f"{(_PROC / 'sys/kernel/random/boot_id').read_text().strip()} {ticks_since_boot}"


def _has_threads(pid: int) -> bool:
    # Killed, but not gone: files and ports stay open until the last thread has ended.
    try:
        return len(list((_PROC / str(pid) / "task").iterdir())) > 1
    except FileNotFoundError:
        return False


def _start_mark_by_ps(pid: int) -> str | None:
    shown = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    return None if not shown or shown[0].startswith("Z") else " ".join(shown[1:])
