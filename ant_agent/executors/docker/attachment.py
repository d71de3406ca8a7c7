"""The output of a container as it comes, over the connection that the engine keeps for it."""

import contextlib
import socket
from collections.abc import Generator
from typing import Any

from docker.utils.socket import STDERR, frames_iter

from formicary.domain.log_streams import Stream


class Attachment:
    """Made before the container starts, so that nothing is missed."""

    def __init__(self, client: Any, container_id: str) -> None:
        wanted = {"stdout": 1, "stderr": 1, "stream": 1}
        self._socket = client.api.attach_socket(container_id, params=wanted)
        # The client hides the connection behind a file; both want to be closed.
        self._connection = getattr(self._socket, "_sock", self._socket)

    def blocks(self) -> Generator[tuple[Stream, bytes]]:
        """Yield stdout and stderr in the order of their coming, to the container's end."""
        for number, block in frames_iter(self._socket, tty=False):
            yield (Stream.STDERR if number == STDERR else Stream.STDOUT), block

    def close(self) -> None:
        """Let go of the connection; whoever reads comes to the end."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        response = getattr(self._socket, "_response", None)
        for part in (response, self._socket, self._connection):
            if part is not None:
                # A part that another one has closed already says so in one of two ways.
                with contextlib.suppress(OSError, ValueError):
                    part.close()
