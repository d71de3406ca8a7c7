"""Routes of job resources."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from formicary.service_layer.job_resources import (
    ConfigBody,
    ResourceBody,
    ResourceView,
    add_resource,
    change_resource,
    delete_resource,
    list_resources,
    remove_config,
    set_config,
    set_resource_disabled,
    show_resource,
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
_TAGS = ["Job resources"]
_PATH = "/api/jobs/resources"


@router.get(_PATH, summary="List job resources", tags=_TAGS, operation_id="list_resources")
def get_resources(  # noqa: PLR0917 - one argument a query parameter
    call: CurrentCall,
    page: PageNumber = FIRST_PAGE,
    page_size: PageSize = USUAL_SIZE,
    resource_type: Annotated[str | None, Query(description="Only this type")] = None,
    platform: Annotated[str | None, Query(description="Only this platform")] = None,
    category: Annotated[str | None, Query(description="Only this category")] = None,
) -> PageView[ResourceView]:
    """List the job resources by id."""
    request = page_request(page, page_size, None)
    found = list_resources(
        call.plane,
        call.caller,
        request,
        resource_type=resource_type,
        platform=platform,
        category=category,
    )
    return page_view(found, request, lambda view: view)


@router.post(
    _PATH,
    summary="Add a job resource",
    description="Jobs and tasks that name it under `resources` lease it while they run.",
    tags=_TAGS,
    operation_id="add_resource",
    status_code=201,
)
def post_resource(
    call: CurrentCall, body: Annotated[ResourceBody, Body()]
) -> Response[ResourceView]:
    """Add a job resource."""
    view = add_resource(call.plane, call.caller, body)
    return Response(
        status_code=201,
        content_type="application/json",
        body=view,
        headers={"Location": f"{_PATH}/{view.id}"},
    )


@router.get(
    f"{_PATH}/<id>", summary="Show a job resource", tags=_TAGS, operation_id="show_resource"
)
def get_resource(call: CurrentCall, id: Id) -> ResourceView:  # noqa: A002 - its public name
    """Show a job resource."""
    return show_resource(call.plane, call.caller, id)


@router.put(
    f"{_PATH}/<id>",
    summary="Change a job resource",
    description="A new quota counts at once; leases that there are stay.",
    tags=_TAGS,
    operation_id="change_resource",
)
def put_resource(
    call: CurrentCall,
    id: Id,  # noqa: A002
    body: Annotated[ResourceBody, Body()],
) -> ResourceView:
    """Change a job resource."""
    return change_resource(call.plane, call.caller, id, body)


@router.delete(
    f"{_PATH}/<id>",
    summary="Delete a job resource that nobody uses",
    tags=_TAGS,
    operation_id="delete_resource",
    status_code=204,
)
def remove_resource(call: CurrentCall, id: Id) -> Response[None]:  # noqa: A002
    """Delete a job resource."""
    delete_resource(call.plane, call.caller, id)
    return Response(status_code=204)


@router.post(
    f"{_PATH}/<id>/disable",
    summary="Let nobody lease a job resource",
    description="Jobs that need it wait.",
    tags=_TAGS,
    operation_id="disable_resource",
)
def post_disable(call: CurrentCall, id: Id) -> ResourceView:  # noqa: A002
    """Disable a job resource."""
    return set_resource_disabled(call.plane, call.caller, id, disabled=True)


@router.post(
    f"{_PATH}/<id>/enable",
    summary="Let jobs lease a job resource again",
    tags=_TAGS,
    operation_id="enable_resource",
)
def post_enable(call: CurrentCall, id: Id) -> ResourceView:  # noqa: A002
    """Enable a job resource."""
    return set_resource_disabled(call.plane, call.caller, id, disabled=False)


@router.post(
    f"{_PATH}/<id>/configs",
    summary="Set a variable of a job resource",
    tags=_TAGS,
    operation_id="set_resource_config",
)
def post_config(
    call: CurrentCall,
    id: Id,  # noqa: A002
    body: Annotated[ConfigBody, Body()],
) -> ResourceView:
    """Set a variable of a job resource."""
    return set_config(call.plane, call.caller, id, body)


@router.delete(
    f"{_PATH}/<id>/configs/<config_id>",
    summary="Remove a variable of a job resource",
    tags=_TAGS,
    operation_id="remove_resource_config",
)
def delete_config(
    call: CurrentCall,
    id: Id,  # noqa: A002
    config_id: Annotated[str, Path(description="Name of the variable")],
) -> ResourceView:
    """Remove a variable of a job resource."""
    return remove_config(call.plane, call.caller, id, config_id)
