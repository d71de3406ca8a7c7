"""Which files of the working directory become artifacts, and their order."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MAX_ARTIFACTS = 500


@dataclass(frozen=True, slots=True)
class Selected:
    """A file or folder to keep; `relative` is its path below the working directory."""

    path: Path
    relative: str
    order: int


def select(folder: Path, declared: Sequence[str]) -> tuple[list[Selected], list[str]]:
    """Find what the declared paths and globs name; return warnings for those that name nothing.

    The first match of the n-th path has order n; further matches of globs follow after the last
    declared number.
    """
    selected: list[Selected] = []
    warnings: list[str] = []
    following = len(declared)
    for number, pattern in enumerate(declared, start=1):
        matches = _matches(folder, pattern)
        inside = [path for path in matches if path.resolve().is_relative_to(folder.resolve())]
        if len(inside) < len(matches) or (not matches and ".." in Path(pattern).parts):
            warnings.append(f"artifact path {pattern!r} leads out of the working directory")
        elif not inside:
            warnings.append(f"artifact path {pattern!r} matches nothing")
        for index, path in enumerate(inside):
            following += index > 0
            order = following if index else number
            selected.append(Selected(path, path.relative_to(folder).as_posix(), order))
    if len(selected) > _MAX_ARTIFACTS:
        warnings.append(f"{len(selected)} artifacts, only {_MAX_ARTIFACTS} are kept")
    return selected[:_MAX_ARTIFACTS], warnings


def _matches(folder: Path, pattern: str) -> list[Path]:
    """Return what a pattern names, without following it out of the folder."""
    relative = Path(pattern)
    if relative.is_absolute():
        if not relative.is_relative_to(folder):
            return []
        relative = relative.relative_to(folder)
    if ".." in relative.parts:
        return []
    literal = folder / relative
    if literal.exists():
        return [literal]
    names = glob.glob(str(relative), root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob has no root of its own
    return [folder / name for name in sorted(names)]
