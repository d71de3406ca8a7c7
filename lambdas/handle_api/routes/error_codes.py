"""Routes of the table of error codes."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from formicary.service_layer.error_rules import (
    ErrorRuleBody,
    ErrorRuleView,
    add_error_rule,
    change_error_rule,
    delete_error_rule,
    error_rule_view,
    find_error_rule,
    list_error_rules,
)
from formicary.service_layer.paging import PageView, page_view
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
_TAGS = ["Error codes"]


@router.get(
    "/api/errors",
    summary="List the error codes of the tenant, then those of everybody",
    tags=_TAGS,
    operation_id="list_error_codes",
)
def get_all(
    call: CurrentCall, page: PageNumber = FIRST_PAGE, page_size: PageSize = USUAL_SIZE
) -> PageView[ErrorRuleView]:
    """List rows."""
    request = page_request(page, page_size, None)
    return page_view(list_error_rules(call.plane, call.caller, request), request, error_rule_view)


@router.post(
    "/api/errors",
    summary="Add an error code",
    description="It is heeded a few seconds later at the latest.",
    tags=_TAGS,
    operation_id="add_error_code",
    status_code=201,
)
def post(
    call: CurrentCall,
    body: Annotated[ErrorRuleBody, Body()],
    everybody: Annotated[
        bool, Query(description="For all tenants; only a token of the role operator may")
    ] = False,
) -> Response[ErrorRuleView]:
    """Add a row."""
    view = error_rule_view(add_error_rule(call.plane, call.caller, body, everybody=everybody))
    return Response(
        status_code=201,
        content_type="application/json",
        body=view,
        headers={"Location": f"/api/errors/{view.id}"},
    )


@router.get(
    "/api/errors/<id>", summary="Show an error code", tags=_TAGS, operation_id="show_error_code"
)
def get_one(call: CurrentCall, id: Id) -> ErrorRuleView:  # noqa: A002 - its public name
    """Show a row."""
    return error_rule_view(find_error_rule(call.plane, call.caller, id))


@router.put(
    "/api/errors/<id>",
    summary="Change an error code of the tenant",
    description="An operator changes those of everybody, too.",
    tags=_TAGS,
    operation_id="change_error_code",
)
def put(
    call: CurrentCall,
    id: Id,  # noqa: A002
    body: Annotated[ErrorRuleBody, Body()],
) -> ErrorRuleView:
    """Change a row."""
    return error_rule_view(change_error_rule(call.plane, call.caller, id, body))


@router.delete(
    "/api/errors/<id>",
    summary="Delete an error code of the tenant",
    description="An operator deletes those of everybody, too.",
    tags=_TAGS,
    operation_id="delete_error_code",
    status_code=204,
)
def delete(call: CurrentCall, id: Id) -> Response[None]:  # noqa: A002
    """Delete a row."""
    delete_error_rule(call.plane, call.caller, id)
    return Response(status_code=204)
