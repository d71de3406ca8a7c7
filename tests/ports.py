"""Ports for the servers that tests start."""

from __future__ import annotations

import random
import socket

# Below those that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): one
# of them may be taken again between its choice and a server's start.
_FIRST, _LAST = 18_000, 29_999


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    while True:
        port = random.randint(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
