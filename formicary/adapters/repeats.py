"""What is the same thing told again, and what is another thing."""

from formicary.adapters.run_summary import time_text
from formicary.domain.ant import AntRegistration
from formicary.domain.records import TaskAttempt

# What a heartbeat changes of a registration.
BEATING = ("current_load", "total_executed", "in_flight", "condition", "updated_at", "alive")


def late_key(attempt: TaskAttempt) -> str:
    """Name a late outcome so that its redelivery, and no other outcome, has the same name."""
    return f"{time_text(attempt.ended_at)} {attempt.ant_id} {attempt.status}"


def beaten(before: AntRegistration, beat: AntRegistration) -> AntRegistration:
    """Return the registration with what a heartbeat tells."""
    return before.model_copy(update={name: getattr(beat, name) for name in BEATING})
