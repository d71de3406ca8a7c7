"""Whether the disk has room for more work: asked before each poll, told to the control plane."""

import os
from pathlib import Path

_MIB = 2**20


class DiskGuard:
    """Looks at the file system that tasks work on."""

    def __init__(self, folder: Path, least_bytes: int) -> None:
        self._folder = folder
        self._least = least_bytes

    def free_bytes(self) -> int:
        """Return what this user may still write; 0 when it cannot be told."""
        try:
            facts = os.statvfs(self._folder)
        except OSError:
            return 0
        return facts.f_bavail * facts.f_frsize

    def problem(self) -> str:
        """Return why there is no room for work, nothing when there is."""
        free = self.free_bytes()
        if free >= self._least:
            return ""
        return (
            f"only {free // _MIB} MiB are free on the disk of {self._folder}, less than the"
            f" {self._least // _MIB} MiB of FORMICARY_ANT_MIN_FREE_DISK_BYTES"
        )
