"""Routes of job definitions."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from formicary.service_layer.change_job_type import ConcurrencyBody, set_concurrency, set_disabled
from formicary.service_layer.definition_view import (
    DefinitionView,
    definition_view,
    job_type_view,
)
from formicary.service_layer.delete_definition import delete_definition
from formicary.service_layer.find_definition import find_definition
from formicary.service_layer.list_definitions import list_definitions
from formicary.service_layer.paging import PageView, page_view
from formicary.service_layer.save_definition import save_definition
from lambdas.handle_api.routes.call import (
    FIRST_PAGE,
    TEXT,
    USUAL_SIZE,
    CurrentCall,
    Id,
    PageNumber,
    PageSize,
    PageToken,
    new_router,
    not_json,
    page_request,
    text_answer,
)

router = new_router()
_TAGS = ["Job definitions"]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/yaml": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


@router.post(
    "/api/jobs/definitions",
    summary="Upload a job definition",
    description="YAML or JSON. The same text again makes no new version (200).",
    tags=_TAGS,
    operation_id="save_definition",
    status_code=201,
    openapi_extensions={"x-raw-body": _BODY},
)
def post_definition(call: CurrentCall) -> Response[DefinitionView]:
    """Upload a job definition."""
    saved = save_definition(call.plane, call.caller, call.incoming.body)
    view = definition_view(saved.version, saved.parsed, saved.record, call.plane.clock.now())
    return Response(
        status_code=201 if saved.created else 200,
        content_type="application/json",
        body=view,
        headers={"Location": f"/api/jobs/definitions/{view.id}"},
    )


@router.get(
    "/api/jobs/definitions",
    summary="List job definitions",
    tags=_TAGS,
    operation_id="list_definitions",
)
def get_definitions(
    call: CurrentCall,
    page: PageNumber = FIRST_PAGE,
    page_size: PageSize = USUAL_SIZE,
    token: PageToken = None,
    job_type: Annotated[str | None, Query(description="Only this job type")] = None,
) -> PageView[DefinitionView]:
    """List the job types with the version in force, by name."""
    request = page_request(page, page_size, token)
    found = list_definitions(call.plane, call.caller, request, job_type)
    return page_view(found, request, job_type_view)


@router.get(
    "/api/jobs/definitions/<id>",
    summary="Show a job definition",
    description="`id` is `<job type>:<version>`, or a job type for the version in force.",
    tags=_TAGS,
    operation_id="show_definition",
)
def get_definition(call: CurrentCall, id: Id) -> DefinitionView:  # noqa: A002 - its public name
    """Show one version."""
    found = find_definition(call.plane, call.caller, id)
    return definition_view(found.version, found.parsed, found.record, call.plane.clock.now())


@router.delete(
    "/api/jobs/definitions/<id>",
    summary="Delete a job type",
    description="Runs that are under way go on.",
    tags=_TAGS,
    operation_id="delete_definition",
    status_code=204,
)
def remove_definition(call: CurrentCall, id: Id) -> Response[None]:  # noqa: A002
    """Delete a job type."""
    delete_definition(call.plane, call.caller, id)
    return Response(status_code=204)


@router.get(
    "/api/jobs/definitions/<id>/yaml",
    summary="The text of a definition, byte for byte as uploaded",
    tags=_TAGS,
    operation_id="definition_text",
    responses=TEXT,
)
@not_json
def get_definition_text(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Return the text of a definition."""
    found = find_definition(call.plane, call.caller, id)
    return text_answer(found.version.text, "application/yaml")


@router.put(
    "/api/jobs/definitions/<id>/concurrency",
    summary="Change how many runs of a job type may go on at once",
    description="At once, also for runs that wait; 0 takes the limit away. A text uploaded later "
    "that sets `max_concurrency` takes its place.",
    tags=_TAGS,
    operation_id="set_concurrency",
)
def put_concurrency(
    call: CurrentCall,
    id: Id,  # noqa: A002
    body: Annotated[ConcurrencyBody, Body()],
) -> DefinitionView:
    """Change the concurrency of a job type."""
    return job_type_view(set_concurrency(call.plane, call.caller, id, body.concurrency))


@router.post(
    "/api/jobs/definitions/<id>/enable",
    summary="Take requests of a job type again",
    tags=_TAGS,
    operation_id="enable_definition",
)
def post_enable(call: CurrentCall, id: Id) -> DefinitionView:  # noqa: A002
    """Enable a job type."""
    return job_type_view(set_disabled(call.plane, call.caller, id, disabled=False))


@router.post(
    "/api/jobs/definitions/<id>/disable",
    summary="Refuse new requests of a job type",
    description="Requests that were submitted before go on.",
    tags=_TAGS,
    operation_id="disable_definition",
)
def post_disable(call: CurrentCall, id: Id) -> DefinitionView:  # noqa: A002
    """Disable a job type."""
    return job_type_view(set_disabled(call.plane, call.caller, id, disabled=True))
