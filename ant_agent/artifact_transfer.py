"""Brings a task's dependencies in and its artifacts out."""

import hashlib
import logging
import mimetypes
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from ulid import ULID

from ant_agent.archive import UnsafeArchiveError, pack_folder, unpack_folder
from ant_agent.artifact_selection import Selected
from ant_agent.aws_errors import AWS_OR_FILE_FAULTS
from ant_agent.object_store import ObjectMissingError
from formicary.domain.artifact import Artifact
from formicary.domain.task_request import TaskMessage

_log = logging.getLogger(__name__)
_ATTEMPTS = 4
_ARCHIVE = {"archive": "tar.gz"}
_NEAREST = {".gz": "application/gzip", ".bz2": "application/x-bzip2", ".xz": "application/x-xz"}


class DependencyError(Exception):
    """An artifact that the task needs is not to be had."""


class UploadError(Exception):
    """An artifact could not be stored."""


class FileStore(Protocol):
    """Objects as files."""

    def upload(self, file: Path, key: str, content_type: str, sha256: str) -> None:
        """Store a file."""

    def download(self, key: str, file: Path, check: Callable[[], None]) -> str:
        """Fetch an object; return its SHA-256."""


class ArtifactTransfer:
    """Both ways, with retries; nothing is held in memory."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    def fetch(
        self, artifact: Artifact, folder: Path, scratch: Path, check: Callable[[], None]
    ) -> None:
        """Put a dependency at its path below the folder."""
        name = artifact.path or artifact.name
        target = folder / name
        if Path(name).is_absolute() or not target.resolve().is_relative_to(folder.resolve()):
            raise DependencyError(f"artifact {artifact.name!r} has a path that leads out: {name!r}")
        file = scratch / artifact.id
        self._download(artifact, file, check)
        try:
            if artifact.metadata.get("archive") == _ARCHIVE["archive"]:
                unpack_folder(file, target, check)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
        except UnsafeArchiveError as error:
            raise DependencyError(f"artifact {artifact.name!r}: {error}") from error
        finally:
            file.unlink(missing_ok=True)

    def store(
        self, selected: Selected, message: TaskMessage, scratch: Path, check: Callable[[], None]
    ) -> tuple[Artifact, list[str]]:
        """Upload a file, or a folder as one archive; return the artifact and warnings."""
        warnings: list[str] = []
        name, file = selected.path.name or "artifact", selected.path
        folder = file.is_dir()
        if folder:
            name, file = f"{name}.tar.gz", scratch / f"{selected.order}.tar.gz"
            warnings = pack_folder(selected.path, file, check)
        key = f"{message.object_prefix}artifacts/{selected.order}/{quote(name, safe='')}"
        content_type = "application/gzip" if folder else _content_type(name)
        try:
            sha256, size = self._upload(file, key, content_type, check)
        finally:
            if folder:
                file.unlink(missing_ok=True)
        request = message.request
        lifetime = request.executor_opts.artifacts.expires_after_seconds
        now = datetime.now(UTC)
        artifact = Artifact(
            id=str(ULID()),
            name=name,
            key=key,
            path=selected.relative,
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_execution_id=request.task_execution_id,
            task_type=request.task_type,
            artifact_order=selected.order,
            sha256=sha256,
            content_type=content_type,
            content_length=size,
            metadata=dict(_ARCHIVE) if folder else {},
            user_id=request.user_id,
            expires_at=None if lifetime is None else now + timedelta(seconds=lifetime),
            created_at=now,
        )
        return artifact, warnings

    def _download(self, artifact: Artifact, file: Path, check: Callable[[], None]) -> None:
        problem: object = "damaged"
        for attempt in range(_ATTEMPTS):
            check()
            _pause(attempt)
            try:
                sha256 = self._store.download(artifact.key, file, check)
            except ObjectMissingError as error:
                raise DependencyError(f"artifact {artifact.name!r} is missing") from error
            except AWS_OR_FILE_FAULTS as error:
                problem = error
                continue
            if artifact.sha256 in {"", sha256}:
                return
        raise DependencyError(f"artifact {artifact.name!r} cannot be fetched: {problem}")

    def _upload(
        self, file: Path, key: str, content_type: str, check: Callable[[], None]
    ) -> tuple[str, int]:
        problem: Exception | None = None
        for attempt in range(_ATTEMPTS):
            check()
            _pause(attempt)
            try:
                sha256, size = _hash(file, check)
                self._store.upload(file, key, content_type, sha256)
            except AWS_OR_FILE_FAULTS as error:
                _log.warning("upload failed", extra={"key": key, "error": str(error)})
                problem = error
            else:
                return sha256, size
        raise UploadError(f"artifact {file.name!r} cannot be stored: {problem}")


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(0.1 * 4 ** (attempt - 1))


def _hash(file: Path, check: Callable[[], None]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as content:
        while block := content.read(2**20):
            check()
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _content_type(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        return _NEAREST.get(Path(name).suffix, "application/octet-stream")
    return kind or "application/octet-stream"
