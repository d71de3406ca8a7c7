"""Folders as one gzipped tar archive, and back, without ever leaving the folder.

Packed: files, folders, and links that stay inside. Unpacked: the same; anything else is refused,
since an archive may come from a task that wishes the next host ill.
"""

import itertools
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

_COMPRESSION = 3
_PERMISSIONS = 0o755
_MAX_WARNINGS = 20


class UnsafeArchiveError(Exception):
    """The archive would write outside its folder."""


def pack_folder(folder: Path, archive: Path, check: Callable[[], None]) -> list[str]:
    """Write the content of a folder to an archive; return warnings about what was left out."""
    return _pack(folder, _walk(folder), archive, check)


def pack_paths(
    root: Path, paths: Sequence[Path], archive: Path, check: Callable[[], None]
) -> list[str]:
    """Write files and folders below a root to an archive; return warnings as `pack_folder`."""
    return _pack(root, itertools.chain.from_iterable(map(_with_content, paths)), archive, check)


def unpack_folder(
    archive: Path, folder: Path, check: Callable[[], None], *, limit_bytes: int | None = None
) -> None:
    """Unpack an archive below a folder, files of at most `limit_bytes` in all."""
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.resolve()
    size = 0
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                check()
                tar.members = []  # type: ignore[attr-defined]
                size += member.size
                if limit_bytes is not None and size > limit_bytes:
                    raise UnsafeArchiveError(f"more than {limit_bytes} bytes when unpacked")
                unpack_member(tar, member, root)
    except (tarfile.TarError, EOFError) as error:
        raise UnsafeArchiveError(f"not a sound archive: {error}") from error


def _pack(root: Path, paths: Iterable[Path], archive: Path, check: Callable[[], None]) -> list[str]:
    warnings: list[str] = []
    real_root = root.resolve()
    with tarfile.open(archive, "w:gz", compresslevel=_COMPRESSION) as tar:
        for path in paths:
            check()
            # The archive would remember every member, and so grow with their number.
            tar.members = []  # type: ignore[attr-defined]
            # A second name of a file is stored as a file of its own, not as a hard link.
            tar.inodes.clear()  # type: ignore[attr-defined]
            problem = _add(tar, path, path.relative_to(root).as_posix(), real_root)
            if problem and len(warnings) < _MAX_WARNINGS:
                warnings.append(problem)
    return warnings


def _add(tar: tarfile.TarFile, path: Path, name: str, root: Path) -> str:
    """Add a file, folder or link; return why it was left out, if it was."""
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        return f"{name}: a link that leads out of the folder is left out"
    if path.is_symlink() or path.is_dir():
        tar.add(path, name, recursive=False)
    elif path.is_file():
        _add_file(tar, path, name)
    else:
        return f"{name}: neither file nor folder, left out"
    return ""


def _with_content(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        yield from _walk(path)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what lies below a folder, in the same order every time."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted((*folders, *files)):
            yield Path(parent, name)


def _add_file(tar: tarfile.TarFile, path: Path, name: str) -> None:
    with path.open("rb") as content:
        tar.addfile(tar.gettarinfo(arcname=name, fileobj=content), content)


def unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    """Unpack one member below a folder."""
    target = _place(root, member.name)
    if target == root:
        return
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if member.issym():
        _place(root, str(PurePosixPath(member.name).parent / member.linkname), link=True)
        target.symlink_to(member.linkname)
    elif member.isreg():
        with cast("BinaryIO", tar.extractfile(member)) as content, target.open("xb") as out:
            shutil.copyfileobj(content, out)
        target.chmod(member.mode & _PERMISSIONS | 0o600)
    else:
        raise UnsafeArchiveError(f"{member.name!r} is neither file, folder nor link")


def _place(root: Path, name: str, *, link: bool = False) -> Path:
    """Return where a member belongs; its parents must be real folders below the root."""
    if PurePosixPath(name).is_absolute():
        raise UnsafeArchiveError(f"{name!r} is an absolute path")
    path = Path(os.path.normpath(root / name))
    if not path.is_relative_to(root) or (".." in PurePosixPath(name).parts and not link):
        raise UnsafeArchiveError(f"{name!r} leads out of the folder")
    for parent in path.parents:
        if parent == root:
            break
        if parent.is_symlink():
            raise UnsafeArchiveError(f"{name!r} lies behind a link")
    return path
