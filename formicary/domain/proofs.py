"""Proofs: what makes an event believable on a queue that ants may send to.

A proof is a keyed hash of what an event is about under the secret key of its run. The control plane
hands out the ones that others need: the proof of an attempt to the ant that runs it, the proof of a
fork to the child that reports back. An attempt's proof is its fencing token.
"""

import hashlib
import hmac

from formicary.domain.events import (
    ChildFinished,
    Event,
    TaskFinished,
    TaskRedelivered,
    TaskStarted,
)


def attempt_proof(key: str, execution_id: str, task_type: str, attempt: int) -> str:
    """Return the fencing token of one attempt of one task."""
    return _proof(key, f"attempt:{execution_id}:{task_type}:{attempt}")


def fork_proof(key: str, execution_id: str, task_type: str) -> str:
    """Return the right of a child run to report to the fork task that started it."""
    return _proof(key, f"fork:{execution_id}:{task_type}")


def internal_proof(key: str) -> str:
    """Return the proof of events that only the control plane sends."""
    return _proof(key, "internal")


def proof_of(key: str, execution_id: str, event: Event) -> str:
    """Return the proof that a message with this event must carry."""
    if isinstance(event, TaskStarted | TaskFinished | TaskRedelivered):
        return attempt_proof(key, execution_id, event.task_type, event.attempt)
    if isinstance(event, ChildFinished):
        return fork_proof(key, execution_id, event.task_type)
    return internal_proof(key)


def proof_matches(expected: str, given: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(expected, given)


def _proof(key: str, text: str) -> str:
    return hashlib.blake2b(text.encode(), key=key.encode()[:64], digest_size=16).hexdigest()
