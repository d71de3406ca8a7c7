"""Routes about the API itself; they need no token."""

from aws_lambda_powertools.event_handler import Response

from formicary.service_layer.check_health import Health, check_health
from lambdas.handle_api.routes.call import CurrentCall, new_router

router = new_router()


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
