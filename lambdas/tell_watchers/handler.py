"""Entry of the bell of watchers: tells those who watch some runs what is new of them."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.sockets import build_watcher_teller
from formicary.service_layer.tell_watchers import WatcherTeller
from lambdas.tell_watchers.settings import Settings

logger = Logger(service="tell_watchers")


@cache
def _teller() -> WatcherTeller:
    return build_watcher_teller(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Tell the watchers of `request_ids` of `tenant`; what fails is made good by the next call."""
    logger.info("bell", extra={"tenant": event.get("tenant"), "runs": event.get("request_ids")})
    try:
        return {"messages": tell(_teller(), event)}
    except Exception:  # the last boundary: Lambda would ring again, and the clients hear it twice
        logger.exception("watchers were not told")
        return {"messages": 0}


def tell(teller: WatcherTeller, event: dict[str, Any]) -> int:
    """Return how many messages went out."""
    tenant = str(event["tenant"])
    return sum(teller.tell(tenant, str(request_id)) for request_id in event["request_ids"])
