"""Keeps HTTP tasks away from the metadata services of clouds, by whatever name or redirect.

They hand out the credentials of the host. What counts is the address that was connected to, before
anything is sent: a name that resolves to another address the second time does not get past.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from formicary.domain.addresses import is_metadata


class ForbiddenAddressError(Exception):
    """The address is none that tasks may reach."""


def guard(client: httpx.AsyncClient) -> None:
    """Let the direct connections of a client reach no such address; a proxy sees to its own."""
    # httpx has no public way to hand a network backend to its pool.
    pool: Any = client._transport._pool  # type: ignore[attr-defined]  # noqa: SLF001
    pool._network_backend = _Guarded()  # noqa: SLF001 - as above


def _refuse(host: str, address: str) -> None:
    if is_metadata(address):
        raise ForbiddenAddressError(
            f"{host} is {address}: tasks may not reach link-local addresses, where hosts find"
            " their credentials"
        )


class _Guarded(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
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
                _refuse(host, str(address[0]))
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            _refuse(host, str(stream.get_extra_info("server_addr")[0]))
        except ForbiddenAddressError:
            await stream.aclose()
            raise
        return stream

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
