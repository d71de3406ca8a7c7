"""The functions of the control plane as they run in a cloud: many at once, each may stop anywhere.

A function is a greenlet. Before each call to the outside it may be set aside, so that anything else
happens in between, or die there. What it does between two calls is not interrupted: it shares
nothing with others but what is behind the calls.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from greenlet import getcurrent, greenlet


class SimulatedKillError(BaseException):
    """The function died. No `except Exception` may catch it: what is gone catches nothing."""


class Function:
    """One invocation; `done` hears of the answer, or of what was raised."""

    def __init__(
        self, name: str, body: Callable[[], Any], done: Callable[[Any, Any], None]
    ) -> None:
        self.name = name
        self.stalled_until: datetime | None = None
        self._body = body
        self._done = done
        self._greenlet = greenlet(self._run)
        self.ended = False

    def resume(self) -> None:
        """Go on until the next interruption or the end."""
        self._greenlet.switch()

    def _run(self) -> None:
        answer, error = None, None
        try:
            answer = self._body()
        except (Exception, SimulatedKillError) as raised:  # noqa: BLE001 - handed on
            error = raised
        self.ended = True
        self._done(answer, error)


def in_function() -> bool:
    """Whether the caller is a function and not the world around them."""
    return getcurrent().parent is not None


def set_aside() -> None:
    """Let the world go on; returns when this function is resumed."""
    getcurrent().parent.switch()
