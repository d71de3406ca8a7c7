"""Snapshots while the emulator runs: a forked child saves the state as it is at one instant.

MiniStack answers every call of its stores (tables, queues, buckets) on its event loop. A fork made
on that loop therefore falls between two calls, never into one: the child holds what a power cut
would have left, and saves it while the parent goes on. The parent stands still for the fork alone.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from formicary.entrypoints.local.emulator.generations import Generations

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Message, Receive, Send], Awaitable[None]]

logger = logging.getLogger("formicary.snapshots")
_REST_FACTOR = 20  # snapshots take at most a twentieth of one processor,
_LONGEST_REST_SECONDS = 30.0  # unless the state is so large that a crash would go back too far
_CHILD_LIMIT_SECONDS = 300
_MOST_FILES = 65536
_AFTERMATH_SECONDS = 10.0  # functions and timers go on after the request that set them off
_READS = ("BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan")


class Activity:
    """Knows whether something may have changed since a moment."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def mark(self) -> None:
        """Note that something changes now."""
        self._last = time.monotonic()

    def since(self, moment: float) -> bool:
        """Whether something changed after the moment, or so shortly before that it may go on."""
        return self._last > moment - _AFTERMATH_SECONDS


class Snapshots:
    """Saves the state every few seconds when it changed, and once more at the end."""

    def __init__(
        self,
        generations: Generations,
        *,
        services: Callable[[], Mapping[str, Callable[[], Any]]],
        activity: Activity,
        before: Callable[[], None],
        interval_seconds: float,
    ) -> None:
        self._generations = generations
        self._services = services
        self._activity = activity
        self._before = before
        self._interval = interval_seconds
        self._one_at_a_time = asyncio.Lock()
        self._child: int | None = None
        self._taken_at = float("-inf")
        self._cost = 0.0

    def watching(self, application: Application) -> Application:
        """The application, with changes noted and snapshots taken for as long as it lives."""

        async def watched(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                timer = asyncio.create_task(self._run())
                try:
                    await application(scope, receive, send)
                finally:
                    timer.cancel()
                return
            await self._observe(application, scope, receive, send)

        return watched

    async def take(self) -> bool:
        """Save the state of this instant; false when that failed and the former one stays."""
        async with self._one_at_a_time:
            self._before()
            started = time.monotonic()
            self._child = os.fork()
            if self._child == 0:
                _save_and_exit(self._generations, self._services)
            stalled = time.monotonic() - started
            succeeded = await self._reap(self._child)
            self._child = None
            if succeeded:
                self._taken_at = started
            log = logger.debug if succeeded else logger.error
            log("snapshot %s: stalled %.3f s, worked %.2f s", succeeded, stalled, self._cost)
            return succeeded

    def save_last(self, services: Mapping[str, Callable[[], Any]]) -> None:
        """Save at a graceful stop, when nothing runs any more."""
        if self._child is not None:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
        self._generations.write_next(services, still_wanted=lambda: True)

    async def _run(self) -> None:
        while True:
            rest = min(_REST_FACTOR * self._cost, _LONGEST_REST_SECONDS)
            await asyncio.sleep(max(self._interval, rest))
            if self._activity.since(self._taken_at):
                await self.take()

    async def _reap(self, child: int) -> bool:
        while True:
            done, status, usage = os.wait4(child, os.WNOHANG)  # noqa: ASYNC222 (does not block)
            if done:
                self._cost = usage.ru_utime + usage.ru_stime
                return status == 0
            await asyncio.sleep(0.02)

    async def _observe(
        self, application: Application, scope: Message, receive: Receive, send: Send
    ) -> None:
        if _only_reads(scope):
            await application(scope, receive, send)
            return
        if not _is_receive(scope):
            self._activity.mark()

        async def noting(message: Message) -> None:
            # An empty answer to a long poll changed nothing; ants ask for ever.
            if not _is_receive(scope) or b"MessageId" in message.get("body", b""):
                self._activity.mark()
            await send(message)

        await application(scope, receive, noting)


def _save_and_exit(
    generations: Generations, services: Callable[[], Mapping[str, Callable[[], Any]]]
) -> None:
    """The child: let go of all that belongs to the parent, save, end without any clean-up."""
    status = 1
    try:
        parent = os.getppid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.alarm(_CHILD_LIMIT_SECONDS)  # a lock that another thread held at the fork
        os.closerange(3, _MOST_FILES)  # or a client would wait for the end of its connection
        os.nice(5)
        gc.disable()  # it would touch, and so copy, every page of the parent
        generations.write_next(services(), still_wanted=lambda: os.getppid() == parent)
        status = 0
    except BaseException:
        logger.exception("snapshot")
    finally:
        os._exit(status)


def _only_reads(scope: Message) -> bool:
    if scope["type"] != "http":
        return False
    path = scope["path"]
    if path.startswith("/_ministack/"):
        return True
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return "execute-api" not in path and "_user_request_" not in path
    return _action(scope).startswith(_READS)


def _is_receive(scope: Message) -> bool:
    return _action(scope) == "ReceiveMessage"


def _action(scope: Message) -> str:
    for name, value in scope.get("headers", ()):
        if name.lower() == b"x-amz-target":
            return str(value.decode("latin-1").rpartition(".")[2])
    return ""
