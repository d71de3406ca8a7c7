"""Entry of the publisher: stream records in, lifecycle events out."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.publisher import build_publisher, build_told_ends, build_watch_room
from formicary.domain.lifecycle_event import end_told_by
from formicary.ports import EventBus, ToldEnds
from formicary.service_layer.watch_run import WatchRoom
from lambdas.publish_changes.read_changes import changed_runs, read_changes
from lambdas.publish_changes.settings import Settings

logger = Logger(service="publish_changes")


@cache
def _bus() -> EventBus:
    return build_publisher(event_bus_name=Settings().event_bus_name)


@cache
def _told_ends() -> ToldEnds:
    return build_told_ends(Settings().table_name)


@cache
def _room() -> WatchRoom:
    settings = Settings()
    return build_watch_room(settings.table_name, settings.watch_function)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Publish the changes of a batch; the batch is given back from the first that failed on."""
    records = event.get("Records", [])
    logger.info("batch", extra={"records": len(records)})
    try:
        failed = publish(_bus(), _told_ends(), records)
    except Exception:  # the last boundary: what is raised here would cost a cold start
        logger.exception("the batch failed")
        failed = [_sequence_number(record) for record in records[:1]]
    try:
        ring_for_watchers(_room(), records)
    except Exception:  # nobody's events wait for those who watch; the next change rings again
        logger.exception("watchers were not called")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def publish(bus: EventBus, told_ends: ToldEnds, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the sequence number of the first record that was not taken, if any.

    A stream goes on from the lowest number that is given back, so one is enough. Of ends it is
    noted that they were taken: housekeeping tells those that a stream has lost.
    """
    changes = [(record, change) for record in records for change in read_changes(record)]
    failed = sorted(bus.publish([change for _, change in changes]))
    taken = [change for place, (_, change) in enumerate(changes) if place not in failed]
    told_ends.note([end for change in taken if (end := end_told_by(change))])
    return [_sequence_number(changes[place][0]) for place in failed[:1]]


def ring_for_watchers(room: WatchRoom, records: Iterable[Mapping[str, Any]]) -> None:
    """Have those told who watch the runs that records tell of."""
    for tenant, request_ids in changed_runs(records).items():
        room.ring(tenant, request_ids)


def _sequence_number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
