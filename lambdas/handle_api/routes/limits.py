"""Routes of the limits of a tenant."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from formicary.service_layer.change_limits import LimitsBody, change_limits, show_limits
from lambdas.handle_api.routes.call import CurrentCall, new_router

router = new_router()
_TAGS = ["Limits"]


@router.get(
    "/api/limits",
    summary="How many jobs of the tenant and of each user may go on at once",
    tags=_TAGS,
    operation_id="show_limits",
)
def get_limits(call: CurrentCall) -> LimitsBody:
    """Show the limits."""
    return show_limits(call.plane, call.caller)


@router.put(
    "/api/limits",
    summary="Change how many jobs of the tenant and of each user may go on at once",
    description="0, or a user left out, is no limit of its own. Changes act at once, also on "
    "requests that wait; the first limit of a tenant is heeded within half a minute.",
    tags=_TAGS,
    operation_id="change_limits",
)
def put_limits(call: CurrentCall, body: Annotated[LimitsBody, Body()]) -> LimitsBody:
    """Change the limits."""
    return change_limits(call.plane, call.caller, body)
