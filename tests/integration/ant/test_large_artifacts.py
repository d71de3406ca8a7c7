"""Artifacts of many parts: resumed, whole or not there, and never held in memory."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ant_agent.artifact_upload import ArtifactUpload, UploadError, UploadLostError
from ant_agent.file_parts import PART_BYTES, FilePart, HashedFile, hash_file, part_bytes
from tests.integration.ant.workbench import InMemoryObjects
from tests.integration.ant.world import World, task

_MIB = 2**20


class Unreliable(InMemoryObjects):
    """Does something else once, before a given part."""

    def __init__(self, number: int, happens: Callable[["Unreliable"], None]) -> None:
        super().__init__()
        self._number = number
        self._happens: Callable[[Unreliable], None] | None = happens

    def put_part(self, key: str, upload_id: str, file: HashedFile, part: FilePart) -> str:
        if part.number == self._number and self._happens is not None:
            happens, self._happens = self._happens, None
            happens(self)
        return super().put_part(key, upload_id, file, part)


def _upload(store: InMemoryObjects, file: HashedFile, told: list[str] | None = None) -> None:
    tell = told.append if told is not None else (lambda _: None)
    ArtifactUpload(store, file, "k", "x/y", check=lambda: None, tell=tell).send()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> HashedFile:
    path = tmp_path_factory.mktemp("large") / "large.bin"
    with path.open("wb") as file:
        for number in range(5):
            file.write(bytes([number + 1]) * PART_BYTES)
        file.write(b"end")
    return hash_file(path, lambda: None)


def test_a_file_is_hashed_as_a_whole_and_in_parts(large: HashedFile) -> None:
    content = large.path.read_bytes()

    assert large.sha256 == hashlib.sha256(content).hexdigest()
    assert large.size == len(content)
    assert [(p.number, p.offset, p.size) for p in large.parts][-1] == (6, 5 * PART_BYTES, 3)
    first = hashlib.sha256(content[:PART_BYTES]).hexdigest()
    assert large.parts[0].sha256 == first


@pytest.mark.parametrize("size", [0, 1, 10 * 2**30, 5 * 2**40])
def test_no_file_has_more_parts_than_a_store_takes(size: int) -> None:
    assert -(-size // part_bytes(size)) <= 10_000
    assert part_bytes(size) % _MIB == 0


def test_a_large_file_is_stored_whole_and_its_progress_told(large: HashedFile) -> None:
    store, told = InMemoryObjects(), []

    _upload(store, large, told)

    assert hashlib.sha256(store.objects["k"]).hexdigest() == large.sha256
    assert told[-1] == "[artifact large.bin: 80 of 80 MiB stored]"


def test_after_a_failure_only_the_missing_parts_are_sent(large: HashedFile) -> None:
    def fail(store: Unreliable) -> None:
        store.failures = 1

    store = Unreliable(4, fail)

    _upload(store, large)

    assert sorted(store.parts_sent) == [1, 2, 3, 4, 5, 6]
    assert hashlib.sha256(store.objects["k"]).hexdigest() == large.sha256


def test_an_upload_that_the_store_forgot_begins_anew(large: HashedFile) -> None:
    def forget(store: Unreliable) -> None:
        store.begun += 1
        raise UploadLostError("forgotten")

    store = Unreliable(5, forget)

    _upload(store, large)

    assert hashlib.sha256(store.objects["k"]).hexdigest() == large.sha256


def test_an_upload_that_fails_for_good_leaves_nothing(large: HashedFile) -> None:
    def fail(store: Unreliable) -> None:
        store.failures = 10_000

    store = Unreliable(2, fail)

    with pytest.raises(UploadError, match="the store is away"):
        _upload(store, large)

    assert store.objects == {}
    assert store.parts == {}


_SINK = """
import resource, sys
from pathlib import Path
from ant_agent.artifact_transfer import ArtifactTransfer
from ant_agent.artifact_selection import Selected
from tests.integration.ant.world import task

class Sink:
    def upload(self, file, key, content_type):
        self._read(file, 0, file.size)
    def begin_parts(self, key, content_type, sha256):
        return "1"
    def put_part(self, key, upload_id, file, part):
        self._read(file, part.offset, part.size)
        return "tag"
    def finish_parts(self, key, upload_id, tags):
        print(len(tags), file=sys.stderr)
    def _read(self, file, offset, size):
        with file.path.open("rb") as content:
            content.seek(offset)
            while size > 0:
                size -= len(content.read(min(size, 2**16)))

path = Path(sys.argv[1])
transfer = ArtifactTransfer(Sink())
artifact, _ = transfer.store(
    Selected(path, path.name, 1), task("true"), path.parent, lambda: None, lambda _: None
)
assert path.is_dir() or artifact.content_length == path.stat().st_size
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peak_kib(path: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _SINK, str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_the_memory_of_the_ant_does_not_grow_with_the_artifact(tmp_path: Path) -> None:
    peaks = []
    for mib in (16, 512):
        path = tmp_path / f"{mib}.bin"
        with path.open("wb") as file:
            file.truncate(mib * _MIB)
        peaks.append(_peak_kib(path))

    grown = (peaks[1] - peaks[0]) / 1024
    assert grown < 16, f"peak memory grew by {grown:.0f} MiB"


def test_the_memory_of_the_ant_does_not_grow_with_the_files_of_a_folder(tmp_path: Path) -> None:
    peaks = []
    for count in (10, 4_000):
        folder = tmp_path / str(count)
        for number in range(count):
            file = folder / f"{number // 200}" / f"{number}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        peaks.append(_peak_kib(folder))

    grown = (peaks[1] - peaks[0]) / 1024
    assert grown < 6, f"peak memory grew by {grown:.1f} MiB"


def test_an_artifact_of_several_parts_travels_through_s3(world: World) -> None:
    world.start_ant()
    made = world.outcome(
        world.send(
            task(
                "head -c 73400321 /dev/zero > big",
                options={"artifacts": {"paths": ["big"]}},
            )
        ),
        seconds=60,
    )
    (artifact,) = made.artifacts
    head = world.s3.head_object(Bucket=world.bucket, Key=artifact.key)

    used = world.outcome(
        world.send(task("wc -c < big | tr -d ' '", dependencies=made.artifacts)), seconds=60
    )

    assert artifact.content_length == head["ContentLength"] == 73_400_321
    assert head["Metadata"] == {"sha256": artifact.sha256}
    assert used.log.inline == "73400321\n"
