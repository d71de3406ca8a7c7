"""Somebody outside: asks for one thing, and tries again while there is no answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from formicary.domain.errors import FormicaryError
from formicary.service_layer.control_plane import ControlPlane
from tests.simulator.broken import BrokenError
from tests.simulator.functions import SimulatedKillError

if TYPE_CHECKING:
    from tests.simulator.world import World

_RETRY_SECONDS = 3


@dataclass
class User:
    """Somebody who wants one thing."""

    world: "World"
    name: str
    wish: Callable[[ControlPlane], Any]
    at: datetime
    heard: Callable[[Any], None] = field(default=lambda answer: None)
    waits: bool = False
    satisfied: bool = False

    def next_moment(self) -> datetime | None:
        return None if self.satisfied or self.waits else self.at

    def act(self) -> None:
        self.waits = True
        self.world.call(self.name, lambda _engine, plane: self.wish(plane), self._answered)

    def _answered(self, answer: Any, error: Any) -> None:
        self.waits = False
        if error is not None and not isinstance(error, FormicaryError | SimulatedKillError):
            raise BrokenError(f"{self.name} ends with {error!r}") from error
        refused = isinstance(error, FormicaryError) and not error.retryable
        if error is None or refused:
            self.satisfied = True
            self.world.say(f"user: {self.name} {'refused' if refused else 'accepted'}")
            if error is None:
                self.heard(answer)
        else:
            self.at = self.world.clock.now() + timedelta(seconds=_RETRY_SECONDS)
