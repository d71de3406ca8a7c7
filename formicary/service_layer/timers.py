"""Durable timers: events that come later."""

import math
from dataclasses import dataclass

from formicary.domain.events import TimerFired, event_key
from formicary.domain.job_run import JobRun
from formicary.domain.messages import pack_event
from formicary.domain.proofs import internal_proof
from formicary.ports import Clock, EventQueue
from formicary.ports.queues import MAX_DELAY_SECONDS


@dataclass(frozen=True, slots=True)
class Timers:
    """Starts timers; starting one twice does no harm."""

    events: EventQueue
    clock: Clock

    def start(self, run: JobRun, event: TimerFired) -> None:
        """Send a timer on its way: on the queue while it can delay so long, else on a schedule."""
        moment = event.fire_at or self.clock.now()
        seconds = max(0, math.ceil((moment - self.clock.now()).total_seconds()))
        proof = internal_proof(run.key)
        message = pack_event(run.tenant, run.request_id, run.execution_id, proof, event)
        if seconds <= MAX_DELAY_SECONDS:
            self.events.send(message, seconds)
        else:
            name = f"{run.tenant}:{run.execution_id}:{event_key(event)}:{moment.isoformat()}"
            self.events.send_at(message, moment, name)
