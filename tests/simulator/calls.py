"""Ports whose calls go wrong: between any two of them a function may be set aside, or die."""

from datetime import timedelta
from random import Random
from typing import Any

from formicary.adapters.memory.fake_clock import FakeClock
from formicary.domain.errors import UnavailableError
from tests.simulator.faults import Faults
from tests.simulator.functions import SimulatedKillError, in_function, set_aside

_READS = frozenset(
    {"find", "attempts", "queues", "cancels", "list", "get", "artifacts_of_run", "tallies"}
)
_READS |= {"find_type", "find_version", "find_schedule", "list_types", "publisher"}


class Interruptions:
    """Decides what happens around each call that a function makes."""

    def __init__(self, random: Random, faults: Faults, clock: FakeClock, rate: float) -> None:
        self._random = random
        self._faults = faults
        self._clock = clock
        self._rate = rate
        self.stall_until: Any = None
        self.calls = 0

    def wrap(self, port: Any) -> Any:
        return _InterruptedPort(port, self)

    def call(self, method: Any, name: str, args: Any, kwargs: Any) -> Any:
        if not in_function():
            return method(*args, **kwargs)
        self.calls += 1
        self._before()
        answer = method(*args, **kwargs)
        if name not in _READS and self._faults.happens("call repeated by the client"):
            # The client library got no answer and asks again by itself.
            answer = method(*args, **kwargs)
        if self._faults.happens("answer lost"):
            raise UnavailableError("no answer")
        if self._faults.happens("killed after a call"):
            raise SimulatedKillError(name)
        return answer

    def _before(self) -> None:
        if self._faults.happens("function stalled"):
            self.stall_until = self._clock.now() + timedelta(seconds=self._random.uniform(1, 55))
            set_aside()
        elif self._random.random() < self._rate:
            set_aside()
        if self._faults.happens("killed before a call"):
            raise SimulatedKillError
        if self._faults.happens("throttled"):
            raise UnavailableError("throttled")


class _InterruptedPort:
    def __init__(self, port: Any, interruptions: Interruptions) -> None:
        self._port = port
        self._interruptions = interruptions

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method
        call = self._interruptions.call

        def interrupted(*args: Any, **kwargs: Any) -> Any:
            return call(method, name, args, kwargs)

        # Looked up once a name and port.
        self.__dict__[name] = interrupted
        return interrupted


class SkewedClock:
    """The clock of another host."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock = clock
        self._skew = timedelta(seconds=seconds)

    def now(self) -> Any:
        return self._clock.now() + self._skew
