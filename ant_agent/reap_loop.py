"""What attempts left behind is removed: at the start, once a minute, and at the end.

In a thread, since an engine may hang.
"""

import logging
import threading
from collections.abc import Iterable

from ant_agent.executors.base import Executor

_log = logging.getLogger(__name__)
EVERY_SECONDS = 60.0


class ReapLoop:
    """Reaps at once when started, then again and again, and once more when stopped."""

    def __init__(self, executors: Iterable[Executor], every_seconds: float = EVERY_SECONDS) -> None:
        self._executors = list({id(executor): executor for executor in executors}.values())
        self._every_seconds = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Reap once more, for what has just ended; an engine that hangs gets so many seconds."""
        self._ended.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            is_last = self._ended.is_set()
            for executor in self._executors:
                try:
                    executor.reap()
                except Exception:  # noqa: BLE001 - loop boundary
                    # An engine that is away now may be there in a minute.
                    _log.warning("could not reap", exc_info=True)
            if is_last:
                return
            self._ended.wait(self._every_seconds)
