"""Generations of saved state: a folder with its final name is complete, and the newest counts."""

from __future__ import annotations

import json
import logging
import os
import shutil
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

logger = logging.getLogger("formicary.generations")
_PREFIX = "generation-"
_UNFINISHED = ".unfinished"


class SaveError(Exception):
    """A service's state could not be written, so the generation is not complete."""


class Generations:
    """Writes the state of all services as one set that is either there or not."""

    def __init__(self, folder: Path, *, persistence: Any, functions: Any) -> None:
        self._folder = folder
        self._persistence = persistence
        self._functions = functions

    def open_newest(self) -> Path:
        """The newest complete set, without what an interrupted save left behind."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob(f"{_PREFIX}*{_UNFINISHED}"):
            shutil.rmtree(leftover)
        complete = self._complete()
        return complete[-1] if complete else self._folder / f"{_PREFIX}{0:08d}"

    def write_next(
        self, services: Mapping[str, Callable[[], Any]], *, still_wanted: Callable[[], bool]
    ) -> None:
        """Save every service into a new set, make it the newest, remove the older ones."""
        previous = self.open_newest()
        number = int(previous.name.removeprefix(_PREFIX)) + 1
        unfinished = self._folder / f"{_PREFIX}{number:08d}{_UNFINISHED}"
        unfinished.mkdir()
        code = _CodeInUse(self._functions)
        self._write_services(services, unfinished)
        _keep_unloaded_services(previous, unfinished)
        for path in (*unfinished.iterdir(), unfinished):
            _flush(path)
        if not still_wanted():
            shutil.rmtree(unfinished)
            return
        unfinished.rename(unfinished.with_suffix(""))
        _flush(self._folder)
        for older in self._complete()[:-1]:
            shutil.rmtree(older)
        code.remove_unused()

    def _write_services(self, services: Mapping[str, Callable[[], Any]], target: Path) -> None:
        # In the saving process only: what was loaded at the start is not read again.
        self._persistence.STATE_DIR = str(target)
        self._persistence.json = _JsonAtOnce()
        for name, get_state in services.items():
            state = get_state()
            if state is None:  # its module did not load; what was saved before stays
                continue
            self._persistence.save_state(name, state)
            if not (target / f"{name}.json").exists():
                raise SaveError(name)

    def _complete(self) -> list[Path]:
        found = self._folder.glob(f"{_PREFIX}*")
        return sorted(path for path in found if not path.name.endswith(_UNFINISHED))


class _JsonAtOnce:
    """The json module to one module, with a `dump` that takes a fifth of the time."""

    def dump(self, value: Any, file: TextIO, **options: Any) -> None:
        file.write(json.dumps(value, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(json, name)


class _CodeInUse:
    """Keeps unused function code until the set that no longer names it is complete."""

    def __init__(self, functions: Any) -> None:
        self._prune = getattr(
            functions._prune_orphan_code_blobs,  # noqa: SLF001
            "original",
            functions._prune_orphan_code_blobs,  # noqa: SLF001
        )
        self._referenced: set[str] | None = None

        def note(referenced: set[str]) -> None:
            self._referenced = referenced

        note.original = self._prune  # type: ignore[attr-defined]
        functions._prune_orphan_code_blobs = note  # noqa: SLF001

    def remove_unused(self) -> None:
        """Remove what no function of the saved set refers to."""
        if self._referenced is not None:
            self._prune(self._referenced)


def _keep_unloaded_services(previous: Path, target: Path) -> None:
    for path in previous.glob("*.json"):
        if not (target / path.name).exists():
            shutil.copy2(path, target / path.name)


def _flush(path: Path) -> None:
    """Have the disk hold it, so that a power cut cannot leave a complete set of empty files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
