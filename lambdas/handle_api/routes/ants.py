"""Routes of ants; a token of the role `ant` is good for these alone."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from formicary.domain.ant import (
    AntDirectives,
    AntRegistrationAnswer,
    AntRegistrationRequest,
    AwsCredentials,
    Heartbeat,
    SecretsAnswer,
    SecretsRequest,
)
from formicary.service_layer.drain_ant import drain_ant
from formicary.service_layer.hand_out_secrets import hand_out_secrets
from formicary.service_layer.heartbeat_ant import heartbeat_ant
from formicary.service_layer.list_ants import AntView, find_ant, list_ants
from formicary.service_layer.paging import PageView, page_view
from formicary.service_layer.register_ant import register_ant, renew_credentials
from lambdas.handle_api.routes.call import (
    FIRST_PAGE,
    USUAL_SIZE,
    CurrentCall,
    Id,
    PageNumber,
    PageSize,
    new_router,
    page_request,
)

router = new_router()
_TAGS = ["Ants"]


@router.get("/api/ants", summary="List ants", tags=_TAGS, operation_id="list_ants")
def get_ants(
    call: CurrentCall, page: PageNumber = FIRST_PAGE, page_size: PageSize = USUAL_SIZE
) -> PageView[AntView]:
    """List the ants by id."""
    request = page_request(page, page_size, None)
    found = list_ants(call.plane, call.caller, request)
    return page_view(found, request, lambda view: view)


@router.post(
    "/api/ants",
    summary="Register an ant that has started",
    description="The answer holds its queues and credentials for an hour at most.",
    tags=_TAGS,
    operation_id="register_ant",
    status_code=201,
)
def post_ant(
    call: CurrentCall, request: Annotated[AntRegistrationRequest, Body()]
) -> Response[AntRegistrationAnswer]:
    """Register an ant."""
    answer = register_ant(call.plane, call.caller, request)
    return Response(
        status_code=201,
        content_type="application/json",
        body=answer,
        headers={"Cache-Control": "no-store"},
    )


@router.get("/api/ants/<id>", summary="Show an ant", tags=_TAGS, operation_id="show_ant")
def get_ant(call: CurrentCall, id: Id) -> AntView:  # noqa: A002 - its public name
    """Show an ant."""
    return find_ant(call.plane, call.caller, id)


@router.post(
    "/api/ants/<id>/heartbeat",
    summary="Tell how an ant is, and learn what it shall do",
    description="404 asks the ant to register again.",
    tags=_TAGS,
    operation_id="heartbeat_ant",
)
def post_heartbeat(
    call: CurrentCall,
    id: Id,  # noqa: A002
    heartbeat: Annotated[Heartbeat, Body()],
) -> AntDirectives:
    """Take a heartbeat."""
    return heartbeat_ant(call.plane, call.caller, id, heartbeat)


@router.post(
    "/api/ants/<id>/drain",
    summary="Ask an ant to take no more tasks, end those that run, and stop",
    description="It learns of it with its next heartbeat.",
    tags=_TAGS,
    operation_id="drain_ant",
)
def post_drain(call: CurrentCall, id: Id) -> AntView:  # noqa: A002
    """Drain an ant."""
    return drain_ant(call.plane, call.caller, id)


@router.post(
    "/api/ants/<id>/credentials",
    summary="Renew the credentials of an ant",
    tags=_TAGS,
    operation_id="renew_credentials",
)
def post_credentials(call: CurrentCall, id: Id) -> AwsCredentials:  # noqa: A002
    """Hand out fresh credentials."""
    return renew_credentials(call.plane, call.caller, id)


@router.post(
    "/api/ants/<id>/secrets",
    summary="Fetch the secrets that a task mentions, by the proof of its attempt",
    description="Only while the attempt goes on.",
    tags=_TAGS,
    operation_id="hand_out_secrets",
)
def post_secrets(
    call: CurrentCall,
    id: Id,  # noqa: A002
    request: Annotated[SecretsRequest, Body()],
) -> Response[SecretsAnswer]:
    """Hand out secrets."""
    answer = hand_out_secrets(call.plane, call.caller, id, request)
    return Response(
        status_code=200,
        content_type="application/json",
        body=answer,
        headers={"Cache-Control": "no-store"},
    )
