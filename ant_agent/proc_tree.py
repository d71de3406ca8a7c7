"""What Linux tells about processes, through /proc; elsewhere the answers are empty.

With the ant as subreaper every stray descendant of a task ends up as a child of the ant, so that
`children` tells more, and faster, than a search through all processes of the host.
"""

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_EXEC_LOOKS = 6
TASK_DIR_VARIABLE = "FORMICARY_TASK_DIR"


def become_subreaper() -> bool:
    """Adopt descendants whose parents end; False where the system does not know that."""
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def children() -> list[int]:
    """Return the ids of the strays that were adopted, ended ones too, and some other children.

    A stray becomes a child of the main thread; what other threads start is listed with those.
    """
    pid = os.getpid()
    with contextlib.suppress(OSError):
        return [int(word) for word in (_PROC / f"{pid}/task/{pid}/children").read_text().split()]
    return []


def task_dir_of(pid: int) -> str | None:
    """Return the task folder that a process was started in, None when it does not say."""
    prefix = f"{TASK_DIR_VARIABLE}=".encode()
    for entry in _environment(pid).split(b"\0"):
        if entry.startswith(prefix):
            return os.fsdecode(entry.removeprefix(prefix))
    return None


def _environment(pid: int) -> bytes:
    content = b""
    for _ in range(_EXEC_LOOKS):
        try:
            content = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            return b""
        # In the middle of an exec a process has no environment for a moment; a dead one never has.
        if content or _state(pid) in {"", "Z", "X"}:
            break
        time.sleep(0.002)
    return content


def session_of(pid: int) -> int | None:
    """Return the session that a process belongs to, None when it is gone."""
    with contextlib.suppress(OSError):
        return os.getsid(pid)
    return None


def started_at(pid: int) -> str:
    """Return a mark of when a process started; a pid with the same mark is the same process."""
    return _stat(pid, 19)


def _state(pid: int) -> str:
    return _stat(pid, 0)


def _stat(pid: int, field: int) -> str:
    """Return a field after the name, which stands in parentheses and may hold spaces."""
    with contextlib.suppress(OSError, IndexError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[field]
    return ""


def processes_below(folder: Path) -> Iterator[int]:
    """Find every process of the host that was started for a task below a folder."""
    with contextlib.suppress(OSError):
        for entry in _PROC.iterdir():
            if entry.name.isdecimal():
                task_dir = task_dir_of(int(entry.name))
                if task_dir is not None and Path(task_dir).is_relative_to(folder):
                    yield int(entry.name)
