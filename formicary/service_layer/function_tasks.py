"""Handing HTTP tasks to a function where no ant serves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from formicary.domain.ant import AntRegistration
from formicary.domain.errors import PayloadTooLargeError
from formicary.domain.events import TimerFired, TimerKind
from formicary.domain.http_function import (
    ANT_CHECK_SECONDS,
    CLAIM_AFTER_SECONDS,
    is_served,
    is_waited_for,
    traits_of,
    why_not_by_function,
)
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.routing_key import RoutingKey
from formicary.domain.task_request import TaskMessage
from formicary.ports import AntRepository, Clock, EventQueue, TaskFunction
from formicary.service_layer.timers import Timers

# How long a new ant may go unnoticed: until then the function carries out what is its.
KNOWN_FOR = timedelta(seconds=5)


class Place(StrEnum):
    """Where a task goes: LENT is for ants while they serve, else for the function."""

    FUNCTION = "function"
    LENT = "lent"
    ANTS = "ants"


@dataclass(frozen=True, slots=True)
class FunctionTasks:
    """Decides who carries out an HTTP task; the ants of a tenant are read every few seconds."""

    function: TaskFunction
    ants: AntRepository
    events: EventQueue
    clock: Clock
    silence: timedelta = timedelta(seconds=30)
    _known: dict[str, tuple[datetime, Sequence[AntRegistration]]] = field(default_factory=dict)

    def place(self, run: JobRun, key: RoutingKey, message: TaskMessage) -> Place:
        """Start the function with a task, or tell what else its place is: its task queue.

        One that ants were waited for in vain is not left to ants that are full.
        """
        if why_not_by_function(traits_of(message)):
            return Place.ANTS
        task = run.active.get(message.request.task_type)
        with_room = task is not None and task.losses > 0
        ants = self._ants_of(message.tenant)
        if is_served(key, ants, self.clock.now(), self.silence, with_room=with_room):
            return Place.LENT
        try:
            self.function.start(message)
        except PayloadTooLargeError:
            return Place.ANTS  # queues take more
        return Place.FUNCTION

    def lend(self, run: JobRun, message: TaskMessage) -> TaskMessage:
        """Return a message as ants are to get it, whose task is looked after from now on."""
        check = TimerFired(TimerKind.ANT_CHECK, message.request.task_type, message.attempt)
        self._check_later(run, check)
        return message.model_copy(update={"claim_after": CLAIM_AFTER_SECONDS})

    def check(self, run: JobRun, graph: JobGraph, event: TimerFired) -> bool:
        """Look whether ants have, or take, what was lent to them: then it is looked at again."""
        task = run.active.get(event.task_type)
        if task is None or task.message_attempt != event.attempt:
            return False
        key = RoutingKey.of(graph.node(event.task_type).method, ())
        now = self.clock.now()
        waited_for = is_waited_for(task, key, self._ants_of(run.tenant), now, self.silence)
        if waited_for:
            self._check_later(run, event)
        return waited_for

    def _check_later(self, run: JobRun, event: TimerFired) -> None:
        due = self.clock.now() + timedelta(seconds=ANT_CHECK_SECONDS)
        Timers(self.events, self.clock).start(run, replace(event, fire_at=due))

    def _ants_of(self, tenant: str) -> Sequence[AntRegistration]:
        now = self.clock.now()
        known = self._known.get(tenant)
        if known is None or now - known[0] >= KNOWN_FOR:
            known = self._known[tenant] = (now, self.ants.list(tenant))
        return known[1]
