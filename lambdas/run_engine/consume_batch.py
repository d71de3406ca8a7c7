"""A batch of events, one after the other; what fails is given back to the queue by itself."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.domain.errors import FormicaryError
from formicary.domain.messages import EventMessage
from formicary.service_layer.handle_event import Engine, Outcome

# Left to the function's timeout when no further event is begun.
_RESERVE_MILLISECONDS = 10_000
_SUSPECT = frozenset({Outcome.FORGED, Outcome.REFUSED, Outcome.UNKNOWN})


def consume_batch(
    engine: Callable[[], Engine], records: Iterable[Mapping[str, Any]], context: Any, logger: Logger
) -> list[str]:
    """Return the ids of the messages that have to be delivered again."""
    return [
        str(record["messageId"])
        for record in records
        if _time_is_up(context) or not _consume(engine(), record, logger)
    ]


def _consume(engine: Engine, record: Mapping[str, Any], logger: Logger) -> bool:
    """Apply one message; False asks for it again (in the end it goes to the dead-letter queue)."""
    try:
        message = EventMessage.model_validate_json(record["body"])
        outcome = engine.handle(message)
    except FormicaryError as error:
        log = logger.warning if error.retryable else logger.error
        log("an event is given back", extra=_fields(record), exc_info=not error.retryable)
        return False
    except Exception:  # the loop boundary: one bad message must not take the others with it
        logger.exception("an event cannot be applied", extra=_fields(record))
        return False
    if outcome in _SUSPECT:
        logger.warning(
            "an event was dropped",
            extra={"outcome": outcome.value, "kind": message.kind, "run": message.request_id},
        )
    return True


def _fields(record: Mapping[str, Any]) -> dict[str, Any]:
    attributes = record.get("attributes") or {}
    return {
        "message_id": record["messageId"],
        "receive_count": attributes.get("ApproximateReceiveCount"),
    }


def _time_is_up(context: Any) -> bool:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining is not None and remaining() < _RESERVE_MILLISECONDS
