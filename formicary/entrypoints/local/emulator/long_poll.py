"""Long polls of SQS answer when a message arrives, as on AWS, not at the next look in 100 ms."""

from __future__ import annotations

import asyncio
import importlib
import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("formicary.long_poll")
_KNOWN_VERSION = "1.5.33"


def answer_long_polls_at_once(*, on_message: Callable[[], None]) -> bool:
    """Let the waiting loop of ReceiveMessage be woken; leave a MiniStack of another shape alone."""
    sqs: Any = importlib.import_module("ministack.services.sqs")
    concurrency: Any = importlib.import_module("ministack.core.concurrency")
    wake = concurrency.esm_wake
    as_known = version("ministack") == _KNOWN_VERSION
    if not as_known or sqs.asyncio is not asyncio or sqs.esm_wake is not wake:
        logger.warning("long polls look for messages every 100 ms: MiniStack is not as known")
        return False
    sleepers = _Sleepers()
    sqs.esm_wake = _Bell(wake, also=(on_message, sleepers.wake))
    sqs.asyncio = _AsyncioWithSleep(sleepers.sleep)
    return True


class _Bell:
    """Stands where the module has the event that each of its producers sets."""

    def __init__(self, event: Any, *, also: tuple[Callable[[], None], ...]) -> None:
        self._event = event
        self._also = also

    def set(self) -> None:
        self._event.set()
        for tell in self._also:
            tell()


class _Sleepers:
    """Coroutines that sleep until their time is over or somebody rings, from whatever thread."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def sleep(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        future = self._loop.create_future()
        self._waiting.add(future)
        timer = self._loop.call_later(seconds, _settle, future)
        try:
            await future
        finally:
            timer.cancel()
            self._waiting.discard(future)

    def wake(self) -> None:
        if self._waiting and self._loop is not None:
            # Not before the producer is done with its message: it may be on another thread.
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for future in self._waiting:
            _settle(future)


class _AsyncioWithSleep:
    """The asyncio module to one module, but for `sleep`."""

    def __init__(self, sleep: Callable[[float], Any]) -> None:
        self.sleep = sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
