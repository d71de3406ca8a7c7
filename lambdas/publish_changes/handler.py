"""Entry of the publisher: stream records in, lifecycle events out."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.publisher import build_publisher
from formicary.ports import EventBus
from lambdas.publish_changes.read_changes import read_changes
from lambdas.publish_changes.settings import Settings

logger = Logger(service="publish_changes")


@cache
def _bus() -> EventBus:
    return build_publisher(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Publish the changes of a batch; the batch is given back from the first that failed on."""
    records = event.get("Records", [])
    logger.info("batch", extra={"records": len(records)})
    try:
        failed = publish(_bus(), records)
    except Exception:  # the last boundary: what is raised here would cost a cold start
        logger.exception("the batch failed")
        failed = [_sequence_number(record) for record in records[:1]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def publish(bus: EventBus, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the sequence number of the first record that was not taken, if any.

    A stream goes on from the lowest number that is given back, so one is enough.
    """
    changes = [(record, change) for record in records for change in read_changes(record)]
    failed = bus.publish([change for _, change in changes])
    return [_sequence_number(changes[place][0]) for place in sorted(failed)[:1]]


def _sequence_number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
