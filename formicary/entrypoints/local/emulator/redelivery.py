"""After a restart, messages that a function had in hand are due at once: it is gone for sure.

An ant may have outlived the restart, so what it holds keeps its lease.
"""

from __future__ import annotations

import importlib
import time
from typing import Any


def release_messages_of_functions(persistence: Any) -> None:
    """Have the queues restored with the messages of event source mappings visible."""
    sqs: Any = importlib.import_module("ministack.services.sqs")
    restore = sqs.load_persisted_state

    def load(data: Any) -> None:
        mappings = (persistence.load_state("lambda") or {}).get("esms")
        sources = {mapping["EventSourceArn"] for mapping in _values(mappings)}
        for queue in _values(data.get("queues")):
            if queue["attributes"].get("QueueArn") in sources:
                _release(queue["messages"])
        restore(data)

    sqs.load_persisted_state = load


def _values(scoped: Any) -> list[dict[str, Any]]:
    # Of all accounts and regions: the plain view shows those of a request, and there is none.
    return [] if scoped is None else list(getattr(scoped, "_data", scoped).values())


def _release(messages: list[dict[str, Any]]) -> None:
    now = time.time()
    for message in messages:
        if message["receive_count"]:  # one that was never received is delayed on purpose
            message["visible_at"] = min(message["visible_at"], now)
