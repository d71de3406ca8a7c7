"""A long poll whose receiver is gone takes no message, as on AWS.

MiniStack would go on waiting for it, and hide the next message for the whole of its lease.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formicary.entrypoints.local.emulator.snapshots import Application, Message, Receive, Send

_RECEIVE = (b"x-amz-target", b"AmazonSQS.ReceiveMessage")


def without_abandoned_polls(application: Application) -> Application:
    """The application, with each ReceiveMessage ended when its client disconnects."""

    async def watch(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _RECEIVE not in scope["headers"]:
            await application(scope, receive, send)
            return
        messages = await _whole_body(receive)
        if messages is None:
            return
        answering = asyncio.ensure_future(application(scope, _replay(messages, receive), send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not answering.done():
                answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering

    return watch


async def _whole_body(receive: Receive) -> list[Message] | None:
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body"):
        messages.append(await receive())
    return messages if messages[-1]["type"] == "http.request" else None


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def next_message() -> Message:
        message = next(waiting, None)
        return message if message is not None else await receive()

    return next_message


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
