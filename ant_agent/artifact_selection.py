"""Which files of the working directory become artifacts, and their order.

A glob is matched lazily and given up at the first match too many: a pattern that names a million
files costs neither the memory nor the time of a million.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

MAX_ARTIFACTS = 500
_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True)
class Selected:
    """A file or folder to keep; `relative` is its path below the working directory."""

    path: Path
    relative: str
    order: int


@dataclass(slots=True)
class Selection:
    """What is kept, what the user should know, and what makes the task fail."""

    selected: list[Selected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def select(folder: Path, declared: Sequence[str], check: Callable[[], None]) -> Selection:
    """Find what the declared paths and globs name; `check` is called between files.

    The first match of the n-th path has order n; further matches of globs follow after the last
    declared number.
    """
    found = Selection()
    following = len(declared)
    for number, pattern in enumerate(declared, start=1):
        room = MAX_ARTIFACTS - len(found.selected)
        for index, path in enumerate(_inside(folder, pattern, room, found, check)):
            following += index > 0
            order = following if index else number
            found.selected.append(Selected(path, path.relative_to(folder).as_posix(), order))
    return found


def _inside(
    folder: Path, pattern: str, room: int, found: Selection, check: Callable[[], None]
) -> list[Path]:
    """Return what a pattern names inside the folder; note what is wrong with it."""
    parts = _parts_below(folder, pattern)
    if parts is None:
        found.faults.append(
            f"artifact path {pattern!r} leads out of the working directory;"
            " name a path below it, without '..'"
        )
        return []
    # A file may bear the very name that looks like a pattern.
    literal = folder.joinpath(*parts)
    if os.path.lexists(literal):
        return _literal(folder, literal, pattern, found)
    matches = list(itertools.islice(_glob(folder, parts, check), room + 1))
    if len(matches) > room:
        found.faults.append(
            f"artifact path {pattern!r} matches too many files: a task keeps at most"
            f" {MAX_ARTIFACTS} artifacts; name a folder, which is kept as one archive"
        )
        return []
    if not matches:
        found.warnings.append(f"artifact path {pattern!r} matches nothing")
    kept = [path for path in sorted(matches) if _stays_inside(path, folder)]
    if len(kept) < len(matches):
        found.warnings.append(
            f"artifact path {pattern!r} matches links out of the working directory: left out"
        )
    return kept


def _literal(folder: Path, path: Path, pattern: str, found: Selection) -> list[Path]:
    if not path.exists():
        found.warnings.append(f"artifact path {pattern!r} is a link to nothing")
        return []
    if not _stays_inside(path, folder):
        found.faults.append(
            f"artifact path {pattern!r} is a link out of the working directory;"
            " copy what it leads to into the directory"
        )
        return []
    return [path]


def _parts_below(folder: Path, pattern: str) -> tuple[str, ...] | None:
    """Return the parts of a pattern below the folder, None when it leads out."""
    relative = Path(pattern)
    if relative.is_absolute():
        if not relative.is_relative_to(folder):
            return None
        relative = relative.relative_to(folder)
    return None if ".." in relative.parts else relative.parts


def _stays_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _glob(folder: Path, parts: Sequence[str], check: Callable[[], None]) -> Iterator[Path]:
    """Yield what the parts match below a folder, never through a link to a folder."""
    if not parts:
        return
    first, rest = parts[0], parts[1:]
    if first == _ANY_DEPTH:
        yield from _any_depth(folder, rest, check)
        return
    for entry in _entries(folder, check):
        if not _matches(entry.name, first):
            continue
        if not rest:
            yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            yield from _glob(Path(entry.path), rest, check)


def _matches(name: str, pattern: str) -> bool:
    # As in a shell: what begins with a dot must be asked for with a dot.
    return (name[0] != "." or pattern[0] == ".") and fnmatchcase(name, pattern)


def _any_depth(folder: Path, rest: Sequence[str], check: Callable[[], None]) -> Iterator[Path]:
    """Yield matches of the rest here and in every folder below; with no rest, every file."""
    yield from _glob(folder, rest, check)
    for entry in _entries(folder, check):
        if entry.name[0] == ".":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _any_depth(Path(entry.path), rest, check)
        elif not rest:
            yield Path(entry.path)


def _entries(folder: Path, check: Callable[[], None]) -> "Iterator[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                check()
                yield entry
    except OSError:
        # Gone, or closed to us: it matches nothing.
        return
