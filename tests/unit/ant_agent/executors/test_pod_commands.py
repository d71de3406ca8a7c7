"""Commands in a pod that never answer do not hold an attempt up for ever."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ant_agent.cancellation import Cancellation, StopReason, TaskStoppedError
from ant_agent.executors.kubernetes.commands import CommandError, run


@pytest.fixture
def cluster() -> Iterator[Any]:
    """One whose connections tell nothing."""
    ours, theirs = socket.socketpair()
    sock = SimpleNamespace(sock=ours, shutdown=ours.close)
    client = SimpleNamespace(sock=sock, close=lambda: None)
    yield SimpleNamespace(exec=lambda *_, **__: client)
    ours.close()
    theirs.close()


def test_a_short_command_that_never_ends_fails_in_words(cluster: Any) -> None:
    with pytest.raises(CommandError, match="sh in container work does not come to its end"):
        run(cluster, "pod", "work", ["sh"], seconds=0.1)


def test_a_cancel_ends_the_wait(cluster: Any) -> None:
    cancellation = Cancellation(None)
    cancellation.stop(StopReason.CANCELLED)

    with pytest.raises(TaskStoppedError):
        run(cluster, "pod", "work", ["sh"], cancellation=cancellation)
    cancellation.close()
