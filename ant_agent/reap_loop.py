"""Once a minute, what attempts left behind is removed; in a thread, since an engine may hang."""

import logging
import threading
from collections.abc import Iterable

from ant_agent.executors.base import Executor

_log = logging.getLogger(__name__)
EVERY_SECONDS = 60.0


class ReapLoop:
    """Reaps at once when started, then again and again."""

    def __init__(self, executors: Iterable[Executor], every_seconds: float = EVERY_SECONDS) -> None:
        self._executors = list({id(executor): executor for executor in executors}.values())
        self._every_seconds = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Reap no more; one that hangs is not waited for."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            for executor in self._executors:
                try:
                    executor.reap()
                except Exception:  # noqa: BLE001 - loop boundary
                    # An engine that is away now may be there in a minute.
                    _log.warning("could not reap", exc_info=True)
            self._ended.wait(self._every_seconds)
