"""Handing HTTP tasks to a function where no ant serves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from formicary.domain.ant import AntRegistration
from formicary.domain.errors import PayloadTooLargeError
from formicary.domain.http_function import is_served, traits_of, why_not_by_function
from formicary.domain.routing_key import RoutingKey
from formicary.domain.task_request import TaskMessage
from formicary.ports import AntRepository, Clock, TaskFunction

# How long a new ant may go unnoticed: until then the function carries out what is its.
KNOWN_FOR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class FunctionTasks:
    """Decides who carries out an HTTP task; the ants of a tenant are read every few seconds."""

    function: TaskFunction
    ants: AntRepository
    clock: Clock
    silence: timedelta = timedelta(seconds=30)
    _known: dict[str, tuple[datetime, Sequence[AntRegistration]]] = field(default_factory=dict)

    def take(self, key: RoutingKey, message: TaskMessage) -> bool:
        """Start the function with a task; False when its task queue is the place for it."""
        if why_not_by_function(traits_of(message)):
            return False
        if is_served(key, self._ants_of(message.tenant), self.clock.now(), self.silence):
            return False
        try:
            self.function.start(message)
        except PayloadTooLargeError:
            return False  # queues take more
        return True

    def _ants_of(self, tenant: str) -> Sequence[AntRegistration]:
        now = self.clock.now()
        known = self._known.get(tenant)
        if known is None or now - known[0] >= KNOWN_FOR:
            known = self._known[tenant] = (now, self.ants.list(tenant))
        return known[1]
