"""Files into a pod and out of it: tar streams of commands in one of its containers."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ant_agent.executors.base import TaskContext
from ant_agent.executors.containers import staging
from ant_agent.executors.kubernetes.cluster import Cluster
from ant_agent.executors.kubernetes.commands import PodCommand

_BLOCK = 64 * 1024
# tar reads on after its end marker in some images, so that it must be told how much there is.
_IN = 'mkdir -p "$1" && head -c "$2" | tar xof - -C "$1"'
_OUT = """cd "$1" || exit 0
shift
left=$#
while [ "$left" -gt 0 ]; do
  path=$1
  shift
  if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "./$path"; fi
  left=$((left - 1))
done
[ $# -gt 0 ] || exit 0
exec tar cf - "$@"
"""


class PodFiles:
    """Moves the files of one attempt through a container that has sh, tar and head."""

    def __init__(
        self, cluster: Cluster, pod: str, container: str, folder: PurePosixPath, task: TaskContext
    ) -> None:
        self._cluster = cluster
        self._pod = pod
        self._container = container
        self._folder = folder
        self._task = task

    def put(self) -> None:
        """Write the content of the staging folder."""
        source = self._task.working_dir
        if any(source.iterdir()):
            with tempfile.TemporaryFile(dir=self._task.directory.control) as archive:
                staging.write_tar(archive, texts={}, tree=(source, PurePosixPath()))
                self._send(archive)

    def fetch(self, patterns: Sequence[str]) -> list[str]:
        """Bring what the patterns name into the staging folder."""
        roots = [str(root) for root in staging.roots(patterns)]
        if not roots:
            return []
        arguments = ["/bin/sh", "-c", _OUT, "sh", str(self._folder), *roots]
        folder: Path = self._task.working_dir
        command = PodCommand(self._cluster, self._pod, self._container, arguments)
        with contextlib.closing(command):
            reader = staging.BlockReader(command.output(self._task.cancellation))
            if not reader.has_something():
                return []
            warnings = staging.unpack(reader, folder, PurePosixPath(), patterns)
            reader.read_rest()
        return warnings

    def _send(self, archive: BinaryIO) -> None:
        size = archive.tell()
        archive.seek(0)
        arguments = ["/bin/sh", "-c", _IN, "sh", str(self._folder), str(size)]
        command = PodCommand(self._cluster, self._pod, self._container, arguments, reads=True)
        with contextlib.closing(command):
            command.write(_blocks(archive), self._task.cancellation)
            for _ in command.output(self._task.cancellation):
                pass


def _blocks(archive: BinaryIO) -> Iterator[bytes]:
    while block := archive.read(_BLOCK):
        yield block
