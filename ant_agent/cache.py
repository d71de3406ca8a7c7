"""Directories that outlive a task: restored before its script, saved after it if they changed.

A cache belongs to a job type of a tenant. It is a help, not a promise: whatever is wrong with it is
a warning, and the task runs as if there were none.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ant_agent.archive import UnsafeArchiveError, pack_paths, unpack_folder
from ant_agent.artifact_selection import Selection, select
from ant_agent.artifact_transfer import FileStore
from ant_agent.artifact_upload import ArtifactUpload, UploadError
from ant_agent.aws_errors import AWS_OR_FILE_FAULTS
from ant_agent.file_parts import hash_file
from ant_agent.object_store import ObjectMissingError, StoredObject
from formicary.domain.file_definition import CacheConfig
from formicary.domain.object_keys import cache_key
from formicary.domain.task_request import TaskMessage

_FAULTS: tuple[type[Exception], ...] = (UploadError, *AWS_OR_FILE_FAULTS)


class CacheStore(FileStore, Protocol):
    """Where caches lie."""

    def stored(self, key: str) -> StoredObject | None:
        """Tell the size and age of an object, None when there is none."""


@dataclass(slots=True)
class TaskCache:
    """The cache of one attempt between its restoring and its saving."""

    config: CacheConfig
    key: str
    found: bool = False
    before: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an attempt works, and how it is stopped."""

    folder: Path
    scratch: Path
    check: Callable[[], None]
    tell: Callable[[str], None]


class Caches:
    """Moves caches between tasks and the store."""

    def __init__(self, store: CacheStore, limit_bytes: int) -> None:
        self._store = store
        self._limit = limit_bytes

    def restore(self, message: TaskMessage, place: Workplace) -> TaskCache | None:
        """Bring a task's cache in; None when it has none."""
        config = message.request.executor_opts.cache
        if config is None or not config.paths:
            return None
        cache = TaskCache(config, "")
        name = _name(config, message.request.task_type, place, cache)
        if not name:
            return cache
        cache.key = cache_key(message.tenant, message.request.job_type, name)
        try:
            cache.found = self._fetch(cache, place)
        except ObjectMissingError:
            pass
        except UnsafeArchiveError as error:
            cache.warnings.append(f"cache not restored: {error}")
        except AWS_OR_FILE_FAULTS as error:
            cache.warnings.append(f"cache not restored: {type(error).__name__}: {error}")
        if cache.found:
            place.tell("[cache restored]")
            cache.before = _signature(_chosen(config, place), place)
        return cache

    def save(self, cache: TaskCache, place: Workplace) -> None:
        """Keep the cache of a task that has succeeded, unless it is what it was."""
        if not cache.key:
            return
        selection = _chosen(cache.config, place)
        cache.warnings += [f"cache: {text}" for text in (*selection.warnings, *selection.faults)]
        if selection.faults or not selection.selected:
            return
        if cache.found and _signature(selection, place) == cache.before:
            return
        size = _size(selection, place)
        if size > self._limit:
            cache.warnings.append(
                f"cache not saved: its {size} bytes are more than the {self._limit} that this ant"
                " keeps; name fewer paths, or raise FORMICARY_ANT_CACHE_LIMIT_BYTES"
            )
            return
        try:
            self._send(cache, selection, place)
        except _FAULTS as error:
            cache.warnings.append(f"cache not saved: {error}")

    def _fetch(self, cache: TaskCache, place: Workplace) -> bool:
        stored = self._store.stored(cache.key)
        if stored is None or stored.size > self._limit:
            return False
        lifetime = cache.config.expires_after
        if lifetime is not None and stored.age_seconds > lifetime:
            return False
        archive = place.scratch / "cache.in.tar.gz"
        try:
            self._store.download(cache.key, archive, place.check)
            unpack_folder(archive, place.folder, place.check, limit_bytes=self._limit)
        finally:
            archive.unlink(missing_ok=True)
        return True

    def _send(self, cache: TaskCache, selection: Selection, place: Workplace) -> None:
        archive = place.scratch / "cache.out.tar.gz"
        paths = [item.path for item in selection.selected]
        try:
            cache.warnings += pack_paths(place.folder, paths, archive, place.check)
            upload = ArtifactUpload(
                self._store,
                hash_file(archive, place.check),
                cache.key,
                "application/gzip",
                check=place.check,
                tell=place.tell,
            )
            upload.send()
        finally:
            archive.unlink(missing_ok=True)
        place.tell("[cache saved]")


def _chosen(config: CacheConfig, place: Workplace) -> Selection:
    return select(place.folder, config.paths, place.check)


def _name(config: CacheConfig, task_type: str, place: Workplace, cache: TaskCache) -> str:
    """Return the key as told, with the content of the key files; nothing when one is missing."""
    if not config.key_paths:
        return config.key or task_type
    digest = hashlib.sha256()
    selection = select(place.folder, config.key_paths, place.check)
    problems = [*selection.warnings, *selection.faults]
    if problems:
        cache.warnings.append(f"no cache: key_paths: {problems[0]}")
        return ""
    for item in selection.selected:
        for path in _files([item.path]):
            if path.is_file():
                relative = path.relative_to(place.folder).as_posix()
                digest.update(f"{relative}\0{hash_file(path, place.check).sha256}\0".encode())
    return f"{config.key or task_type}-{digest.hexdigest()}"


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield path
        if path.is_dir() and not path.is_symlink():
            for parent, folders, files in os.walk(path):
                folders.sort()
                for name in sorted((*folders, *files)):
                    yield Path(parent, name)


def _signature(selection: Selection, place: Workplace) -> str:
    """Return a digest of names, kinds, rights and content: times tell nothing of a container's."""
    digest = hashlib.sha256()
    for path in _files([item.path for item in selection.selected]):
        content = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hash_file(path, place.check).sha256
        mode = path.lstat().st_mode
        digest.update(f"{path}\0{mode} {content}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _size(selection: Selection, place: Workplace) -> int:
    size = 0
    for path in _files([item.path for item in selection.selected]):
        place.check()
        size += path.lstat().st_size if path.is_file() else 0
    return size
