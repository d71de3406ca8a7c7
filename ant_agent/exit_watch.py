"""A file descriptor that becomes readable when a process ends, without waiting for it."""

import os
import select
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

if sys.platform.startswith("linux"):

    def _open_watch(pid: int) -> int:
        return os.pidfd_open(pid)

else:

    def _open_watch(pid: int) -> int:
        read_end, write_end = os.pipe()

        def wait() -> None:
            queue = select.kqueue()
            event = select.kevent(
                pid,
                filter=select.KQ_FILTER_PROC,
                flags=select.KQ_EV_ADD,
                fflags=select.KQ_NOTE_EXIT,
            )
            try:
                queue.control([event], 1)
            finally:
                queue.close()
                os.close(write_end)

        threading.Thread(target=wait, name=f"exit-{pid}", daemon=True).start()
        return read_end


class ExitWatch:
    """Watches one process that has been started and not been waited for."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._fd = _open_watch(process.pid)

    def fileno(self) -> int:
        """Readable once the process has ended."""
        return self._fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
