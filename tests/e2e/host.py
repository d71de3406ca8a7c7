"""What tests see of the host that tasks run on: it is this machine."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.api import eventually


def runs(pid: int) -> bool:
    """Whether a process does anything still (one that nobody has buried yet does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int) -> bool:
    """Whether a process comes to its end."""
    return eventually(lambda: not runs(pid))


def noted(file: Path) -> str:
    """Return what a task has written to a file, once it has (a whole line)."""
    assert eventually(lambda: file.exists() and file.read_text().endswith("\n")), file
    return file.read_text().strip()
