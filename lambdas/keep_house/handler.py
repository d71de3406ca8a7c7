"""Entry of housekeeping: a state machine hands in a chore and is handed the one that follows."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.housekeeping import build_house_keeper
from formicary.domain.housekeeping import Chore
from formicary.service_layer.keep_house import HouseKeeper
from lambdas.keep_house.settings import Settings

logger = Logger(service="keep_house")


@cache
def _keeper() -> HouseKeeper:
    return build_house_keeper(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Do the chore of the event; what is raised is the state machine's to try again."""
    return keep_house(_keeper(), event)


def keep_house(keeper: HouseKeeper, event: dict[str, Any]) -> dict[str, Any]:
    """Return some tenants for `{"after": name}`, for a chore the one that follows.

    `{"dead_letters": true}` sends some of them on.
    """
    if "after" in event:
        return keeper.list_tenants(event["after"]).model_dump()
    if "dead_letters" in event:
        sent = keeper.send_on().model_dump()
        logger.info("dead letters", extra=sent)
        return sent
    following = keeper.do(Chore.model_validate(event))
    if following.done:
        logger.info("housekeeping", extra=following.told())
    return following.model_dump(mode="json")
