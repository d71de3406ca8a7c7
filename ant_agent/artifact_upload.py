"""One file on its way to the store: whole when small, else in parts, several at a time.

Nobody sees a large object before its last part is stored. After a failure only the parts that are
missing are sent. Nothing of the file is held in memory.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from ant_agent.aws_errors import AWS_OR_FILE_FAULTS
from ant_agent.file_parts import FilePart, HashedFile

_log = logging.getLogger(__name__)
ONE_REQUEST_BYTES = 64 * 2**20
_PARALLEL = 4
_ATTEMPTS = 4
_TELL_SECONDS = 5.0
_MIB = 2**20


class UploadError(Exception):
    """A file could not be stored."""


class UploadLostError(Exception):
    """The store forgot an upload that was begun."""


class PartStore(Protocol):
    """Takes files, and large ones part by part."""

    def upload(self, file: HashedFile, key: str, content_type: str) -> None:
        """Store a whole file."""

    def begin_parts(self, key: str, content_type: str, sha256: str) -> str:
        """Begin an object of parts; return the upload's id."""

    def put_part(self, key: str, upload_id: str, file: HashedFile, part: FilePart) -> str:
        """Store a part and return its tag; UploadLostError when the upload is not known."""

    def finish_parts(self, key: str, upload_id: str, tags: list[tuple[FilePart, str]]) -> None:
        """Make the object of its parts, all at once."""

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts."""


class ArtifactUpload:
    """One file under one key; `send` once."""

    def __init__(
        self,
        store: PartStore,
        file: HashedFile,
        key: str,
        content_type: str,
        *,
        check: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        """`check` raises when the attempt is to stop; `tell` says how far a large file is."""
        self._store = store
        self._file = file
        self._key = key
        self._content_type = content_type
        self._check = check
        self._tell = tell
        self._lock = threading.Lock()
        self._upload_id = ""
        self._tags: dict[int, str] = {}
        self._told_at = time.monotonic()
        self._problem: Exception | None = None

    def send(self) -> None:
        """Store the file; raises UploadError when the store refuses for good."""
        try:
            self._persist()
        except BaseException:
            self._abort()
            raise

    def _persist(self) -> None:
        send = self._send_parts if self._file.size > ONE_REQUEST_BYTES else self._send_whole
        failures, stored = 0, 0
        while not self._try(send):
            # As long as parts arrive, the store is worth another attempt.
            failures = 1 if len(self._tags) > stored else failures + 1
            stored = len(self._tags)
            if failures >= _ATTEMPTS:
                name = self._file.path.name
                raise UploadError(f"artifact {name!r} cannot be stored: {self._problem}")
            time.sleep(0.1 * 4 ** (failures - 1))

    def _try(self, send: Callable[[], None]) -> bool:
        self._check()
        try:
            send()
        except UploadLostError as error:
            self._problem = error
            self._upload_id, self._tags = "", {}
            return False
        except AWS_OR_FILE_FAULTS as error:
            _log.warning("upload failed", extra={"key": self._key, "error": str(error)})
            self._problem = error
            return False
        return True

    def _send_whole(self) -> None:
        self._store.upload(self._file, self._key, self._content_type)

    def _send_parts(self) -> None:
        if not self._upload_id:
            self._upload_id = self._store.begin_parts(
                self._key, self._content_type, self._file.sha256
            )
        missing = [part for part in self._file.parts if part.number not in self._tags]
        with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="upload") as pool:
            try:
                for _ in pool.map(self._send_part, missing):
                    self._check()
            finally:
                pool.shutdown(cancel_futures=True)
        tags = [(part, self._tags[part.number]) for part in self._file.parts]
        self._store.finish_parts(self._key, self._upload_id, tags)

    def _send_part(self, part: FilePart) -> None:
        self._check()
        tag = self._store.put_part(self._key, self._upload_id, self._file, part)
        with self._lock:
            self._tags[part.number] = tag
            self._tell_progress()

    def _tell_progress(self) -> None:
        now = time.monotonic()
        complete = len(self._tags) == len(self._file.parts)
        if not complete and now - self._told_at < _TELL_SECONDS:
            return
        self._told_at = now
        stored = sum(part.size for part in self._file.parts if part.number in self._tags)
        self._tell(
            f"[artifact {self._file.path.name}: {stored // _MIB} of"
            f" {self._file.size // _MIB} MiB stored]"
        )

    def _abort(self) -> None:
        if not self._upload_id:
            return
        try:
            self._store.abort_parts(self._key, self._upload_id)
        except AWS_OR_FILE_FAULTS as error:
            # The bucket's lifecycle drops what was begun and never finished.
            _log.warning("cannot drop an upload", extra={"key": self._key, "error": str(error)})
