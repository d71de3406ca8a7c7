"""Files on their way between the staging folder and a container, as plain tar streams."""

import fnmatch
import glob
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ant_agent.archive import UnsafeArchiveError, unpack_member

_EVERYBODY_READS = 0o755
_EVERYBODY_WRITES = 0o777


def write_tar(
    out: BinaryIO,
    *,
    texts: Mapping[PurePosixPath, str],
    open_folders: Sequence[PurePosixPath] = (),
    tree: tuple[Path, PurePosixPath] | None = None,
) -> None:
    """Write files, folders that everybody may write, and a folder's content as an archive of `/`.

    Whoever runs in the container, root or not, shall be able to use them.
    """
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for folder in open_folders:
            entry = tarfile.TarInfo(_member(folder))
            entry.type, entry.mode = tarfile.DIRTYPE, _EVERYBODY_WRITES
            tar.addfile(entry)
        for place, text in texts.items():
            content = text.encode(errors="replace")
            entry = tarfile.TarInfo(_member(place))
            entry.size, entry.mode = len(content), _EVERYBODY_READS
            tar.addfile(entry, io.BytesIO(content))
        if tree is not None:
            source, target = tree
            for path in sorted(source.rglob("*")):
                name = _member(target / path.relative_to(source).as_posix())
                tar.add(path, name, recursive=False, filter=_for_everybody)


def _member(path: PurePosixPath) -> str:
    return str(path).lstrip("/")


def _for_everybody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode |= 0o777 if entry.isdir() else 0o666
    return entry


def roots(patterns: Iterable[str]) -> list[PurePosixPath]:
    """Return the fewest relative paths that hold all that the patterns name; `.` is everything."""
    found = {_literal_part(pattern) for pattern in patterns if _relative(pattern)}
    return sorted(path for path in found if not any(up in found for up in path.parents))


def _relative(pattern: str) -> bool:
    path = PurePosixPath(pattern)
    return not path.is_absolute() and ".." not in path.parts


def _literal_part(pattern: str) -> PurePosixPath:
    literal = PurePosixPath()
    for part in PurePosixPath(pattern).parts:
        if glob.has_magic(part):
            break
        literal /= part
    return literal


def wanted(path: PurePosixPath, patterns: Iterable[str]) -> bool:
    """Whether a pattern names the path or a folder above it."""
    return any(_matches(path.parts, PurePosixPath(pattern).parts) for pattern in patterns)


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(parts[skip:], pattern[1:]) for skip in range(len(parts) + 1))
    return (
        bool(parts)
        and fnmatch.fnmatchcase(parts[0], pattern[0])
        and _matches(parts[1:], pattern[1:])
    )


def unpack(
    stream: "BlockReader", folder: Path, below: PurePosixPath, patterns: Sequence[str]
) -> list[str]:
    """Unpack what the patterns name into a folder; `below` is where the members lie in it.

    Returns warnings about members that cannot be taken.
    """
    warnings: list[str] = []
    root = folder.resolve()
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
        for member in tar:
            path = below / member.name
            if not wanted(path, patterns):
                continue
            member.name = str(path)
            try:
                unpack_member(tar, member, root)
            except UnsafeArchiveError as error:
                warnings.append(f"{error}, left out")
    return warnings


class BlockReader:
    """A stream of blocks as a file that tarfile can read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        """Return as many bytes as asked for, fewer at the end."""
        parts, found = [self._held], len(self._held)
        while size < 0 or found < size:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            found += len(block)
        content = b"".join(parts)
        end = len(content) if size < 0 else size
        self._held = content[end:]
        return content[:end]

    def has_something(self) -> bool:
        """Whether there is anything to read."""
        self._held = self.read(1) + self._held
        return bool(self._held)

    def read_rest(self) -> None:
        """Read to the end, keeping nothing."""
        self._held = b""
        for _ in self._blocks:
            pass
