"""Keeps HTTP tasks away from what hosts find their credentials at, by whatever name or redirect.

Where it is told so, it keeps them on the internet too. What counts is the address that was
connected to, before anything is sent: a name that resolves to another one does not get past.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from formicary.domain.addresses import is_closed, is_metadata, is_public


class ForbiddenAddressError(Exception):
    """The address is none that tasks may reach."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be connected to; `closed` are addresses with their port."""

    public_only: bool = False
    closed: frozenset[str] = frozenset()

    def check(self, host: str, address: str, port: int) -> None:
        """Raise ForbiddenAddressError for an address that is out of reach."""
        if is_metadata(address):
            raise ForbiddenAddressError(
                f"{host} is {address}: tasks may not reach link-local addresses, where hosts find"
                " their credentials"
            )
        if is_closed(address, port, self.closed):
            raise ForbiddenAddressError(f"{host} is {address}: tasks may not reach its port {port}")
        if self.public_only and not is_public(address):
            raise ForbiddenAddressError(
                f"{host} is {address}: here tasks reach public addresses alone; an ant in the"
                " network of that host reaches it, by tags that the task asks for"
            )


def guard(client: httpx.AsyncClient, reach: Reach) -> None:
    """Let the direct connections of a client reach no other address; a proxy sees to its own."""
    # httpx has no public way to hand a network backend to its pool.
    pool: Any = client._transport._pool  # type: ignore[attr-defined]  # noqa: SLF001
    pool._network_backend = _Guarded(reach)  # noqa: SLF001 - as above


class _Guarded(httpcore.AsyncNetworkBackend):
    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the backend's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        with contextlib.suppress(socket.gaierror):
            found = await asyncio.get_running_loop().getaddrinfo(host, port)
            for *_, address in found:
                self._reach.check(host, str(address[0]), port)
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            self._reach.check(host, str(stream.get_extra_info("server_addr")[0]), port)
        except ForbiddenAddressError:
            await stream.aclose()
            raise
        return stream

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
