"""Routes of artifacts."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from formicary.service_layer.artifact_view import ArtifactView, artifact_view
from formicary.service_layer.find_artifact import download_url, find_artifact
from formicary.service_layer.list_artifacts import list_artifacts
from formicary.service_layer.paging import PageView, page_view
from formicary.service_layer.upload_artifact import upload_artifact
from lambdas.handle_api.routes.call import (
    FIRST_PAGE,
    USUAL_SIZE,
    CurrentCall,
    Id,
    PageNumber,
    PageSize,
    PageToken,
    new_router,
    not_json,
    page_request,
)

router = new_router()
_TAGS = ["Artifacts"]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Filter = Annotated[str | None, Query(description="Only artifacts with this value")]


@router.get("/api/artifacts", summary="List artifacts", tags=_TAGS, operation_id="list_artifacts")
def get_artifacts(  # noqa: PLR0917 - one argument a query parameter
    call: CurrentCall,
    page: PageNumber = FIRST_PAGE,
    page_size: PageSize = USUAL_SIZE,
    token: PageToken = None,
    name: Filter = None,
    task_type: Filter = None,
    job_request_id: Filter = None,
    kind: Filter = None,
    sha256: Filter = None,
    user_id: Filter = None,
) -> PageView[ArtifactView]:
    """List artifacts, the newest first."""
    request = page_request(page, page_size, token)
    filters = {
        "name": name,
        "task_type": task_type,
        "job_request_id": job_request_id,
        "kind": kind,
        "sha256": sha256,
        "user_id": user_id,
    }
    found = list_artifacts(call.plane, call.caller, request, filters)
    return page_view(found, request, artifact_view)


@router.post(
    "/api/artifacts",
    summary="Upload an artifact",
    description="The body is the content, at most 4 MiB; its Content-Type is kept.",
    tags=_TAGS,
    operation_id="upload_artifact",
    status_code=201,
    openapi_extensions={"x-raw-body": _BODY},
)
def post_artifact(
    call: CurrentCall, name: Annotated[str, Query(description="Its name")] = ""
) -> Response[ArtifactView]:
    """Store the body as an artifact."""
    artifact = upload_artifact(
        call.plane,
        call.caller,
        call.incoming.body,
        name=name,
        content_type=call.incoming.content_type,
    )
    return Response(
        status_code=201,
        content_type="application/json",
        body=artifact_view(artifact),
        headers={"Location": f"/api/artifacts/{artifact.id}"},
    )


@router.get(
    "/api/artifacts/<id>", summary="Show an artifact", tags=_TAGS, operation_id="show_artifact"
)
def get_artifact(call: CurrentCall, id: Id) -> ArtifactView:  # noqa: A002 - its public name
    """Show what is known of an artifact."""
    return artifact_view(find_artifact(call.plane, call.caller, id))


@router.get(
    "/api/artifacts/<id>/download",
    summary="Download an artifact",
    description="Leads to a URL that works for a quarter of an hour; with curl, use `-L`.",
    tags=_TAGS,
    operation_id="download_artifact",
    status_code=302,
)
@not_json
def get_artifact_content(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Lead to the content of an artifact."""
    url = download_url(call.plane, call.caller, id)
    return Response(status_code=302, headers={"Location": url, "Cache-Control": "no-store"})
