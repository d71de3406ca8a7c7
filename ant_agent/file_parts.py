"""A file as parts of bounded size, each with its SHA-256, found in one pass over the file."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PART_BYTES = 16 * 2**20
# S3 takes no more parts in one upload.
_MAX_PARTS = 10_000
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class FilePart:
    """One part; numbers begin with 1."""

    number: int
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HashedFile:
    """What a file was when it was read."""

    path: Path
    size: int
    sha256: str
    parts: tuple[FilePart, ...]


def part_bytes(size: int) -> int:
    """Return the size of the parts of a file: whole blocks, and never more parts than S3 takes."""
    least = -(-size // _MAX_PARTS)
    return max(PART_BYTES, -(-least // _BLOCK) * _BLOCK)


def hash_file(path: Path, check: Callable[[], None]) -> HashedFile:
    """Read a file once; `check` is called between blocks."""
    whole = hashlib.sha256()
    limit = part_bytes(path.stat().st_size)
    parts: list[FilePart] = []
    offset = 0
    with path.open("rb") as content:
        while size := _hash_part(content.read, limit, whole.update, check):
            length, digest = size
            parts.append(FilePart(len(parts) + 1, offset, length, digest))
            offset += length
    return HashedFile(path, offset, whole.hexdigest(), tuple(parts))


def _hash_part(
    read: Callable[[int], bytes],
    limit: int,
    update_whole: Callable[[bytes], None],
    check: Callable[[], None],
) -> tuple[int, str] | None:
    digest, size = hashlib.sha256(), 0
    while size < limit and (block := read(min(_BLOCK, limit - size))):
        check()
        digest.update(block)
        update_whole(block)
        size += len(block)
    return (size, digest.hexdigest()) if size else None
