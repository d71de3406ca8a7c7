"""What the emulator does not do for strangers: any page in a browser reaches a port here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from formicary.entrypoints.local.emulator.snapshots import Application, Message, Receive, Send

SNAPSHOT_PATH = "/_formicary/snapshot"
# MiniStack obeys these without credentials: one forgets everything, one changes how it works.
_REFUSED = ("/_ministack/reset", "/_ministack/config")
_OWN_ORIGIN = re.compile(
    rb"https?://(localhost|127\.0\.0\.1|\[::1\]|[a-z0-9.-]+\.localhost)(:\d+)?"
)


def guarded(
    application: Application, *, snapshot_now: Callable[[], Awaitable[bool]]
) -> Application:
    """The application behind the guard, with a path that saves the state on demand."""

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
        elif _is_foreign(scope) or scope["path"].rstrip("/") in _REFUSED:
            await _answer(scope, send, 403, b"refused by the local system")
        elif scope["type"] == "http" and scope["path"] == SNAPSHOT_PATH:
            saved = scope["method"] == "POST" and await snapshot_now()
            await _answer(scope, send, 200 if saved else 503, b"saved" if saved else b"not saved")
        else:
            await application(scope, receive, send)

    return guard


def _is_foreign(scope: Message) -> bool:
    origins = [value for name, value in scope["headers"] if name.lower() == b"origin"]
    return any(not _OWN_ORIGIN.fullmatch(origin) for origin in origins)


async def _answer(scope: Message, send: Send, status: int, body: bytes) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
