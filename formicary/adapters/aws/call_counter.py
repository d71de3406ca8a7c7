"""Counts calls to AWS by service and operation, with what each consumed, to price the product.

Hooks into botocore, so that the adapters know nothing of it. Write units are DynamoDB's own
answer; read units are counted from the items returned (rounded up to 4 KB a call), because
emulators do not; a refused conditional write answers nothing, so it is counted by the size of
what was to be written.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from formicary.adapters.aws.items import item_size

_PARAMETERS = "formicary_parameters"
_READ_BYTES = 4096
_WRITE_BYTES = 1024
_SQS_BYTES = 65536
_READS = frozenset({"GetItem", "Query"})
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


@dataclass(slots=True)
class Tally:
    """What one operation of one service came to.

    `requests` is what is billed: SQS bills each begun 64 KB, EventBridge each event.
    """

    service: str
    operation: str
    calls: int = 0
    refused: int = 0
    requests: int = 0
    read_units: float = 0.0
    write_units: float = 0.0


class CallCounter:
    """Counts what the clients do that it is attached to; safe with threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str], Tally] = {}

    def attach(self, client: Any) -> None:
        """Count the calls of a boto3 client from now on."""
        service = client.meta.service_model.service_id.hyphenize()
        events = client.meta.events
        events.register(f"provide-client-params.{service}", self._before, f"formicary-{id(self)}-b")
        events.register(f"after-call.{service}", self._after, f"formicary-{id(self)}-a")

    def tallies(self) -> list[Tally]:
        """Return the counts so far, by service and operation."""
        with self._lock:
            return [self._tallies[key] for key in sorted(self._tallies)]

    def reset(self) -> None:
        """Begin again at nothing."""
        with self._lock:
            self._tallies.clear()

    def _before(
        self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any
    ) -> Mapping[str, Any]:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params = {**params, "ReturnConsumedCapacity": "TOTAL"}
        context[_PARAMETERS] = params
        return params

    def _after(
        self, parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any
    ) -> None:
        operation = model.name
        params = context.get(_PARAMETERS, {})
        refused = "Error" in parsed
        with self._lock:
            key = (model.service_model.service_name, operation)
            tally = self._tallies.setdefault(key, Tally(*key))
            tally.calls += 1
            tally.refused += refused
            tally.requests += _requests(key[0], params)
            if operation in _READS:
                tally.read_units += _read_units(params, parsed)
            elif operation in _WRITES:
                tally.write_units += _asked_units(params) if refused else _write_units(parsed)
            elif operation == "BatchWriteItem":
                # Emulators tell of one unit a table, whatever was written.
                tally.write_units += max(_batch_units(params), _write_units(parsed))


def _write_units(parsed: Mapping[str, Any]) -> float:
    consumed = parsed.get("ConsumedCapacity", ())
    parts = [consumed] if isinstance(consumed, Mapping) else consumed
    return sum(float(part.get("CapacityUnits", 0)) for part in parts)


def _asked_units(params: Mapping[str, Any]) -> float:
    if "TransactItems" in params:
        return 2 * sum(_put_units(action.get("Put", {})) for action in params["TransactItems"])
    return _put_units(params)


def _batch_units(params: Mapping[str, Any]) -> float:
    asked = [request for of_table in params["RequestItems"].values() for request in of_table]
    return sum(_put_units(request.get("PutRequest", {})) for request in asked)


def _put_units(params: Mapping[str, Any]) -> float:
    return max(1, math.ceil(item_size(params.get("Item", {})) / _WRITE_BYTES))


def _read_units(params: Mapping[str, Any], parsed: Mapping[str, Any]) -> float:
    items = [parsed["Item"]] if "Item" in parsed else parsed.get("Items", [])
    size = sum(item_size(item) for item in items)
    if items and parsed.get("ScannedCount", 0) > len(items):
        # What a filter dropped was read too, and was about as large as what it let through.
        size = size * parsed["ScannedCount"] // len(items)
    units = max(1, math.ceil(size / _READ_BYTES))
    return units if params.get("ConsistentRead") else units / 2


def _requests(service: str, params: Mapping[str, Any]) -> int:
    if service == "events":
        return len(params.get("Entries", (None,)))
    if service != "sqs":
        return 1
    size = sum(len(body.encode()) for body in _bodies(params))
    return max(1, math.ceil(size / _SQS_BYTES))


def _bodies(params: Mapping[str, Any]) -> Iterator[str]:
    if "MessageBody" in params:
        yield params["MessageBody"]
    for entry in params.get("Entries", ()):
        yield entry.get("MessageBody", "")
