"""WebCaller that reaches no address inside: neither by name, nor by a second look-up.

The address is looked up once, checked, and connected to as it is; certificates are those of the
name. The whole call has a deadline, and of the answer the beginning is read.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

from formicary.domain.addresses import is_closed, is_metadata, is_public
from formicary.domain.errors import DeliveryRefusedError, UnavailableError
from formicary.ports import WebAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DEADLINE_SECONDS = 10.0
MAX_ANSWER = 16 * 1024
_KEPT = "/%:@!$&'()*+,;=~?"  # has a meaning in a URL, or is quoted already
_PORTS = {"http": 80, "https": 443}


class GuardedWebCaller:
    """Calls public addresses, and with `private` also those of the own network.

    Where hosts find their credentials, it never goes, nor to what is `closed`: addresses with
    their port, as 10.0.0.5:8080.
    """

    def __init__(
        self,
        *,
        private: bool = False,
        closed: Collection[str] = (),
        seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._private = private
        self._closed = closed
        self._seconds = seconds
        self._tls = ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """POST a body and return the answer, whatever its status."""
        parts = _parts(url)
        connection = self._connection(parts, self._addresses(parts))
        watch = threading.Timer(self._seconds, connection.abort)
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", _target(parts), body, dict(headers))
            answer = connection.getresponse()
            return WebAnswer(answer.status, answer.read(MAX_ANSWER))
        except (ValueError, http.client.InvalidURL):
            raise DeliveryRefusedError("The URL or a header has signs that HTTP forbids.") from None
        except ssl.SSLCertVerificationError as error:
            raise UnavailableError(f"Its certificate is not good: {error.verify_message}") from None
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(f"It does not answer: {type(error).__name__}.") from None
        finally:
            watch.cancel()
            connection.close()

    def _addresses(self, parts: SplitResult) -> list[tuple[str, int]]:
        """Look the host up and return its addresses, all of which must be allowed."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError):
            raise UnavailableError(f"The host {host[:100]!r} is not found.") from None
        # IPv4 first: functions have no way to the other internet.
        by_family = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
        addresses = [str(entry[4][0]) for entry in by_family]
        for address in addresses:
            if is_metadata(address) or not (self._private or is_public(address)):
                raise DeliveryRefusedError(
                    f"{host[:100]} is {address}: addresses that are not public are not called."
                )
            if is_closed(address, port, self._closed):
                raise DeliveryRefusedError(
                    f"{host[:100]} is {address}: nobody may call port {port} of it."
                )
        return [(address, port) for address in addresses]

    def _connection(self, parts: SplitResult, addresses: list[tuple[str, int]]) -> _Connection:
        tls = self._tls if parts.scheme == "https" else None
        return _Connection(parts.hostname or "", addresses, tls, self._seconds)


class _Connection(http.client.HTTPConnection):
    """A connection to addresses that were looked up before."""

    def __init__(
        self,
        host: str,
        addresses: list[tuple[str, int]],
        tls: ssl.SSLContext | None,
        seconds: float,
    ) -> None:
        self.default_port = _PORTS["https" if tls else "http"]
        super().__init__(host, addresses[0][1], timeout=seconds)
        self._addresses = addresses
        self._tls = tls

    def connect(self) -> None:
        """Connect to the first address that answers; the name is for the certificate."""
        *others, last = self._addresses
        for address in others:
            with contextlib.suppress(OSError):
                self.sock = socket.create_connection(address, self.timeout)
                break
        else:
            self.sock = socket.create_connection(last, self.timeout)
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def abort(self) -> None:
        """End whatever goes on."""
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _target(parts: SplitResult) -> str:
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    return quote(parts.path or "/", safe=_KEPT) + query


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise DeliveryRefusedError("The URL is none that can be called: http or https, and a host.")
    return parts
