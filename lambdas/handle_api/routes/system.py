"""Routes about the API itself; they need no token."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from formicary.domain.job_schema import job_schema
from formicary.service_layer.check_health import Health, check_health
from lambdas.handle_api.routes.call import CurrentCall, new_router, not_json, text_answer

router = new_router()
SCHEMA_TYPE = "application/schema+json"
_SCHEMA: dict[int, OpenAPIResponse] = {
    200: {"description": "A schema", "content": {SCHEMA_TYPE: {"schema": {"type": "object"}}}}
}


@router.get(
    "/api/health",
    summary="How the control plane is",
    tags=["System"],
    operation_id="health",
    security=[],
)
def get_health(call: CurrentCall) -> Response[Health]:
    """Tell how the control plane is: 200, or 503 when it cannot do its work."""
    health = check_health(call.plane)
    status = 200 if health.overall_status == "HEALTHY" else 503
    return Response(status_code=status, content_type="application/json", body=health)


@router.get(
    "/api/schema/job.json",
    summary="The JSON Schema of job definitions, for editors",
    description="Draft 2020-12. It takes templates and every lenient form.",
    tags=["System"],
    operation_id="job_schema",
    responses=_SCHEMA,
    security=[],
)
@not_json
def get_job_schema() -> Response[Any]:
    """Return the schema of a definition."""
    return text_answer(json.dumps(job_schema()), SCHEMA_TYPE)
