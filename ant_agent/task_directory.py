"""The folders of one attempt: `work` is the task's, the rest is ours."""

import contextlib
import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)


class WorkingDirError(Exception):
    """The working directory cannot be used."""


class TaskDirectory:
    """A fresh private folder below the ant's `tasks` folder."""

    def __init__(self, parent: Path) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="t", dir=parent))
        self.work = self.root / "work"
        self.temp = self.root / "tmp"
        # Removing a folder takes milliseconds on some file systems: no more of them than needed.
        self.control = self.root
        self.work.mkdir()
        self.temp.mkdir()

    @property
    def output(self) -> Path:
        """Where the task's output is kept."""
        return self.root / "output.log"

    @property
    def pid_file(self) -> Path:
        """Names the process group, for the ant that comes after a crash."""
        return self.root / "pid"

    def working_dir(self, wanted: str) -> Path:
        """Return the folder to run in, made when missing; a relative one lies below `work`."""
        folder = self.work / wanted
        if not Path(wanted).is_absolute() and not folder.resolve().is_relative_to(
            self.work.resolve()
        ):
            raise WorkingDirError(f"working_dir {wanted!r} leaves the task's own folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkingDirError(f"working_dir {wanted!r}: {error.strerror}") from error
        return folder

    def remove(self) -> None:
        """Delete everything; what resists is logged and left to the next start."""
        remove_tree(self.root)


def remove_tree(root: Path) -> None:
    """Delete a folder, also one whose owner took away its own rights."""
    shutil.rmtree(root, ignore_errors=True)
    if not root.exists():
        return
    for parent, folders, _ in os.walk(root):
        for name in folders:
            folder = Path(parent, name)
            if not folder.is_symlink():
                with contextlib.suppress(OSError):
                    folder.chmod(stat.S_IRWXU)
    shutil.rmtree(root, ignore_errors=True)
    if root.exists():
        _log.warning("could not delete a folder", extra={"path": str(root)})
