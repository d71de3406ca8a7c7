"""What processes take of the machine, from /proc: their memory and their processor time."""

import contextlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_RSS = re.compile(r"^Rss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Usage:
    """Sums over processes; PSS counts shared pages once, RSS once a process."""

    processes: int
    pss_mb: float
    rss_mb: float
    processor_seconds: float


def usage_of(roots: Iterable[int]) -> Usage:
    """Return what these processes and all their descendants take now.

    The processor time of children that have ended is in that of their parents.
    """
    pids = _with_descendants(roots)
    pss = rss = ticks = 0
    counted = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            memory = (_PROC / str(pid) / "smaps_rollup").read_text()
            ticks += sum(map(int, _stat(pid)[11:15]))
            pss += sum(map(int, _PSS.findall(memory)))
            rss += sum(map(int, _RSS.findall(memory)))
            counted += 1
    return Usage(counted, pss / 1024, rss / 1024, ticks / _TICKS)


def own_processor_seconds(pid: int) -> float:
    """Return the processor time of a process without its children."""
    return sum(map(int, _stat(pid)[11:13])) / _TICKS


def is_available() -> bool:
    """Whether this system tells such things."""
    return (_PROC / "self" / "smaps_rollup").exists()


def _with_descendants(roots: Iterable[int]) -> set[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children[int(_stat(int(entry.name))[1])].append(int(entry.name))
    found: set[int] = set()
    todo = list(roots)
    while todo:
        pid = todo.pop()
        found.add(pid)
        todo += children[pid]
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields from the state on: the name before them may hold anything."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
