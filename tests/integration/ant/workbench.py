"""Runs single attempts with real processes; objects are kept in memory."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ant_agent.artifact_transfer import ArtifactTransfer
from ant_agent.artifact_upload import UploadLostError
from ant_agent.cache import Caches
from ant_agent.cancellation import Cancellation
from ant_agent.executors import ExecutorHost, executors_for
from ant_agent.file_parts import FilePart, HashedFile
from ant_agent.object_store import ObjectMissingError, StoredObject
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from ant_agent.task_directory import TaskDirectory
from ant_agent.task_outcome import Outcome
from ant_agent.task_runner import TaskRunner
from formicary.domain.artifact import Artifact
from formicary.domain.log_streams import Stream, read_streams
from formicary.domain.states import HTTP_METHODS
from formicary.domain.task_request import TaskMessage


class InMemoryObjects:
    """Objects by key; the next calls fail as often as told."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.notes: dict[str, Mapping[str, str]] = {}
        self.failures = 0
        self.parts: dict[str, dict[int, bytes]] = {}
        self.parts_sent: list[int] = []
        self.begun = 0
        self.age_seconds = 0.0

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._maybe_fail()
        self.objects[key] = body
        self.notes[key] = metadata or {}

    def upload(self, file: HashedFile, key: str, content_type: str) -> None:
        self._maybe_fail()
        self.objects[key] = file.path.read_bytes()

    def begin_parts(self, key: str, content_type: str, sha256: str) -> str:
        self._maybe_fail()
        self.begun += 1
        self.parts[key] = {}
        return str(self.begun)

    def put_part(self, key: str, upload_id: str, file: HashedFile, part: FilePart) -> str:
        self._maybe_fail()
        if upload_id != str(self.begun):
            raise UploadLostError("forgotten")
        with file.path.open("rb") as content:
            content.seek(part.offset)
            self.parts[key][part.number] = content.read(part.size)
        self.parts_sent.append(part.number)
        return f"tag-{part.number}"

    def finish_parts(self, key: str, upload_id: str, tags: list[tuple[FilePart, str]]) -> None:
        self._maybe_fail()
        assert [tag for _, tag in tags] == [f"tag-{n}" for n in sorted(self.parts[key])]
        self.objects[key] = b"".join(body for _, body in sorted(self.parts.pop(key).items()))

    def abort_parts(self, key: str, upload_id: str) -> None:
        del self.parts[key]

    def download(self, key: str, file: Path, check: Callable[[], None]) -> str:
        self._maybe_fail()
        if key not in self.objects:
            raise ObjectMissingError(key)
        file.write_bytes(self.objects[key])
        return hashlib.sha256(self.objects[key]).hexdigest()

    def stored(self, key: str) -> StoredObject | None:
        self._maybe_fail()
        found = self.objects.get(key)
        return None if found is None else StoredObject(len(found), self.age_seconds)

    def _maybe_fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the store is away")


class Workbench:
    """Everything an attempt needs."""

    def __init__(
        self, folder: Path, objects: InMemoryObjects | None = None, **settings: Any
    ) -> None:
        self.folder = folder
        self.objects = objects or InMemoryObjects()
        self.settings = Settings(
            url="http://nowhere",
            token="t",
            **({"grace_seconds": 0.3, "methods": ("SHELL", *HTTP_METHODS)} | settings),
        )
        self.processes = ProcessManager(grace_seconds=self.settings.grace_seconds)
        self.executors = executors_for(
            self.settings.methods, ExecutorHost(self.settings, self.processes)
        )
        self._runner = TaskRunner(
            executors=self.executors,
            transfer=ArtifactTransfer(self.objects),
            caches=Caches(self.objects, self.settings.cache_limit_bytes),
            log_sink=self.objects,
            base_environment=self.settings.task_environment(),
            output_limit=self.settings.output_limit_bytes,
            after_script_seconds=60,
            ant_secrets=self.settings.masked_values,
        )

    def run(
        self, message: TaskMessage, when_started: Callable[[Cancellation], None] | None = None
    ) -> Outcome:
        """Run an attempt to its end; `when_started` is called beside it in a thread."""
        cancellation = Cancellation(message.request.timeout)
        directory = TaskDirectory(self.folder)
        companion = threading.Thread(target=when_started or (lambda _: None), args=(cancellation,))
        companion.start()
        try:
            return self._runner.run(message, directory, cancellation)
        finally:
            companion.join()
            directory.remove()
            cancellation.close()

    def log_so_far(self) -> str:
        """What a running attempt has written."""
        files = self.folder.glob("t*/output.log")
        return "".join(file.read_text(errors="replace") for file in files)

    def close(self) -> None:
        """Let go of engines."""
        for executor in set(self.executors.values()):
            executor.close()

    def text(self, message: TaskMessage, outcome: Outcome) -> str:
        """The whole log."""
        chunks = b"".join(self.objects.objects[key] for key in _log_keys(message, outcome))
        return chunks.decode(errors="replace") or outcome.log.inline

    def written_to(self, stream: Stream, message: TaskMessage, outcome: Outcome) -> bytes:
        """What the log says that came from a stream."""
        noted = [
            (self.objects.objects[key], self.objects.notes[key].get("streams", ""))
            for key in _log_keys(message, outcome)
        ] or [(outcome.log.inline.encode(), outcome.log.streams)]
        return b"".join(
            text[part.begin : part.end]
            for text, note in noted
            for part in read_streams(note).parts(0, len(text))
            if part.stream is stream
        )

    def artifact(self, path: str, content: bytes, **changes: Any) -> Artifact:
        """Store an artifact of an earlier task."""
        key = f"earlier/{path}"
        self.objects.objects[key] = content
        fields = {
            "id": f"id-{len(self.objects.objects)}",
            "name": Path(path).name,
            "key": key,
            "path": path,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        return Artifact(**(fields | changes))


def _log_keys(message: TaskMessage, outcome: Outcome) -> list[str]:
    return [f"{message.object_prefix}log/{n:06d}" for n in range(1, outcome.log.chunks + 1)]
