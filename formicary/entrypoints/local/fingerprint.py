"""Whether something on disk changed, as one short word."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def fingerprint(
    paths: Iterable[Path], *, extra: str = "", without: frozenset[str] = frozenset()
) -> str:
    """A hash over files and whole folders; a name in `without` is skipped wherever it occurs."""
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        for file in _files(path, without | {"__pycache__"}):
            content = file.read_bytes()
            digest.update(f"{file}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _files(path: Path, without: frozenset[str]) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name not in without:
                yield from _files(child, without)
