"""Functions' code is unpacked once, not at every start of a function.

MiniStack unpacks the whole zip for each process that it starts, in the process that also serves
all calls: seconds in which nothing else is answered. Here each further start of the same code is a
tree of hard links to the first.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import threading
import zipfile
from pathlib import Path
from typing import Any

_KEPT = 3


def unpack_code_once(folder: Path) -> None:
    """Let the function runtime find unpacked code in this folder."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    if runtime.zipfile is zipfile:  # else it is not the MiniStack that we know
        runtime.zipfile = _Zipfile(UnpackedCode(folder))


class UnpackedCode:
    """Trees of files by the hash of the zip that they came from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def unpack(self, archive: zipfile.ZipFile, target: Path) -> None:
        """Fill `target` with what is in the archive."""
        with Path(str(archive.filename)).open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        with self._lock:
            tree = self._folder / name
            if not tree.is_dir():
                self._add(archive, tree)
            os.utime(tree)
            _link_tree(tree, target)

    def _add(self, archive: zipfile.ZipFile, tree: Path) -> None:
        unfinished = tree.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        archive.extractall(unfinished)
        unfinished.rename(tree)
        trees = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in trees[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


class _Zipfile:
    """The zipfile module to one module, but for how an archive is extracted."""

    def __init__(self, code: UnpackedCode) -> None:
        class ZipFile(zipfile.ZipFile):
            def extractall(self, path: Any = None, *_args: Any, **_kwargs: Any) -> None:
                with zipfile.ZipFile(str(self.filename)) as archive:
                    code.unpack(archive, Path(path))

        self.ZipFile = ZipFile

    def __getattr__(self, name: str) -> Any:
        return getattr(zipfile, name)


def _link_tree(tree: Path, target: Path) -> None:
    for folder, _, files in os.walk(tree):
        there = target / Path(folder).relative_to(tree)
        there.mkdir(parents=True, exist_ok=True)
        for name in files:
            _link(Path(folder, name), there / name)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
