"""A wire between one ant and the local system that can be cut and mended.

Where this machine lets us, the ant lives in a network namespace of its own and the wire is a pair
of virtual interfaces, so that packets are really lost. Elsewhere the wire is a relay that forwards
nothing while it is cut.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCK = 64 * 1024
_LOCALHOST = "127.0.0.1"


class Wire(ABC):
    """What leads to the local system; `how` says what it is made of."""

    how: str
    prefix: tuple[str, ...] = ()

    def __init__(self, address: str, port: int) -> None:
        self._port = port
        self._relay = Relay(address, port)

    def environment(self, told: Mapping[str, str]) -> dict[str, str]:
        """Return what clients are told, with the near end of the wire for the system's address."""
        system = f"{_LOCALHOST}:{self._port}"
        return {name: value.replace(system, self._relay.address) for name, value in told.items()}

    @abstractmethod
    def cut(self) -> None:
        """Let nothing through, and tell nobody."""

    @abstractmethod
    def mend(self) -> None:
        """Let everything through again."""

    def close(self) -> None:
        """Take it away."""
        self._relay.close()


class Namespace(Wire):
    """A network namespace with one way out."""

    how = "a network namespace"

    def __init__(self, port: int) -> None:
        number = os.getpid()
        self._name = f"formicary-{number}"
        self._outside, inside = f"fmo{number}", f"fmi{number}"
        # A net of two addresses out of 198.18.0.0/15, which is there for such tests.
        third, fourth = divmod(number * 4 % 2**16, 2**8)
        ours, theirs = (f"198.18.{third}.{fourth + n}" for n in (1, 2))
        within = ("netns", "exec", self._name, "ip")
        try:
            _ip("netns", "add", self._name)
            _ip("link", "add", self._outside, "type", "veth", "peer", "name", inside)
            _ip("link", "set", inside, "netns", self._name)
            _ip("address", "add", f"{ours}/30", "dev", self._outside)
            _ip("link", "set", self._outside, "up")
            _ip(*within, "link", "set", "lo", "up")
            _ip(*within, "address", "add", f"{theirs}/30", "dev", inside)
            _ip(*within, "link", "set", inside, "up")
            super().__init__(ours, port)
        except BaseException:
            self._remove()
            raise
        self.prefix = ("ip", "netns", "exec", self._name)

    def cut(self) -> None:
        _ip("link", "set", self._outside, "down")

    def mend(self) -> None:
        _ip("link", "set", self._outside, "up")

    def close(self) -> None:
        super().close()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            # With the namespace goes one end of the pair, and with it the other.
            _ip("netns", "delete", self._name)
        with contextlib.suppress(OSError):
            _ip("link", "delete", self._outside)


class HeldRelay(Wire):
    """A relay that can hold back what it has."""

    how = "a relay, since network namespaces are not allowed here"

    def __init__(self, port: int) -> None:
        super().__init__(_LOCALHOST, port)

    def cut(self) -> None:
        self._relay.passes.clear()

    def mend(self) -> None:
        self._relay.passes.set()

    def close(self) -> None:
        self.mend()
        super().close()


def wire_to(port: int) -> Wire:
    """Return the most real wire that this machine allows."""
    try:
        return Namespace(port)
    except OSError:
        return HeldRelay(port)


class Relay:
    """Hands connections on to a port of this machine, as long as `passes` is set."""

    def __init__(self, address: str, port: int) -> None:
        self.passes = threading.Event()
        self.passes.set()
        self._port = port
        self._server = socket.create_server((address, 0), backlog=100)
        self.address = f"{address}:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections; those there are end with their clients."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                near = self._server.accept()[0]
            except OSError:
                return
            try:
                far = socket.create_connection((_LOCALHOST, self._port))
            except OSError:
                near.close()
                continue
            ways = [
                threading.Thread(target=self._pump, args=way, daemon=True)
                for way in ((near, far), (far, near))
            ]
            for way in ways:
                way.start()
            threading.Thread(target=_close_after, args=(ways, near, far), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(_BLOCK):
                self.passes.wait()
                target.sendall(block)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _close_after(ways: list[threading.Thread], *ends: socket.socket) -> None:
    for way in ways:
        way.join()
    for end in ends:
        end.close()


def _ip(*arguments: str) -> None:
    program = shutil.which("ip")
    if program is None:
        raise FileNotFoundError("ip")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
