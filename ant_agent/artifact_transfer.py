"""Brings a task's dependencies in and its artifacts out."""

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
from ant_agent.artifact_upload import ArtifactUpload, PartStore, UploadError
from ant_agent.aws_errors import AWS_OR_FILE_FAULTS
from ant_agent.file_parts import hash_file
from ant_agent.object_store import ObjectMissingError
from formicary.domain.artifact import Artifact
from formicary.domain.task_request import TaskMessage

_ATTEMPTS = 4
_ARCHIVE = {"archive": "tar.gz"}
_NEAREST = {".gz": "application/gzip", ".bz2": "application/x-bzip2", ".xz": "application/x-xz"}


class DependencyError(Exception):
    """An artifact that the task needs is not to be had."""


class FileStore(PartStore, Protocol):
    """Objects as files."""

    def download(self, key: str, file: Path, check: Callable[[], None]) -> str:
        """Fetch an object, or what the file lacks of it; return the SHA-256 of the whole."""


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
        self,
        selected: Selected,
        message: TaskMessage,
        scratch: Path,
        check: Callable[[], None],
        tell: Callable[[str], None],
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
            hashed = hash_file(file, check)
            ArtifactUpload(self._store, hashed, key, content_type, check=check, tell=tell).send()
        except OSError as error:
            raise UploadError(f"artifact {name!r} cannot be read: {error.strerror}") from error
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
            sha256=hashed.sha256,
            content_type=content_type,
            content_length=hashed.size,
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
            file.unlink()
        raise DependencyError(f"artifact {artifact.name!r} cannot be fetched: {problem}")


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(0.1 * 4 ** (attempt - 1))


def _content_type(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        return _NEAREST.get(Path(name).suffix, "application/octet-stream")
    return kind or "application/octet-stream"
