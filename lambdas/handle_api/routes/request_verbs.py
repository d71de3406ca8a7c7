"""Routes of what can be asked of a job request: cancel, pause, resume, trigger, restart."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from formicary.domain.job_run import JobRun
from formicary.service_layer.cancel_job import cancel_job
from formicary.service_layer.pause_job import pause_job, resume_job, trigger_job
from formicary.service_layer.restart_job import RestartWish, restart_job
from formicary.service_layer.run_view import JobRequestView, run_view
from lambdas.handle_api.routes.call import CurrentCall, Id, new_router

router = new_router()
_TAGS = ["Job requests"]


def _accepted(run: JobRun) -> Response[JobRequestView]:
    return Response(status_code=202, content_type="application/json", body=run_view(run))


@router.post(
    "/api/jobs/requests/<id>/cancel",
    summary="Cancel a job request",
    description="The answer shows it as it stands; it ends a moment later.",
    tags=_TAGS,
    operation_id="cancel_request",
    status_code=202,
)
def post_cancel(call: CurrentCall, id: Id) -> Response[JobRequestView]:  # noqa: A002 - public name
    """Ask for the end of a request."""
    return _accepted(cancel_job(call.plane, call.caller, id))


@router.post(
    "/api/jobs/requests/<id>/pause",
    summary="Pause a job request until it is resumed",
    description="Running tasks finish first, unless `now`.",
    tags=_TAGS,
    operation_id="pause_request",
    status_code=202,
)
def post_pause(
    call: CurrentCall,
    id: Id,  # noqa: A002
    now: Annotated[bool, Query(description="Interrupt tasks; they run again when resumed")] = False,
) -> Response[JobRequestView]:
    """Hold a request."""
    return _accepted(pause_job(call.plane, call.caller, id, now=now))


@router.post(
    "/api/jobs/requests/<id>/resume",
    summary="Resume a paused job request",
    tags=_TAGS,
    operation_id="resume_request",
    status_code=202,
)
def post_resume(call: CurrentCall, id: Id) -> Response[JobRequestView]:  # noqa: A002
    """End the pause of a request."""
    return _accepted(resume_job(call.plane, call.caller, id))


@router.post(
    "/api/jobs/requests/<id>/trigger",
    summary="Run a scheduled job request now",
    description="Also the retry that a job waits for.",
    tags=_TAGS,
    operation_id="trigger_request",
    status_code=202,
)
def post_trigger(call: CurrentCall, id: Id) -> Response[JobRequestView]:  # noqa: A002
    """Run a request that waits for its time."""
    return _accepted(trigger_job(call.plane, call.caller, id))


@router.post(
    "/api/jobs/requests/<id>/restart",
    summary="Restart a job request that has ended",
    description="Completed tasks are kept, unless `hard`.",
    tags=_TAGS,
    operation_id="restart_request",
    status_code=202,
)
def post_restart(
    call: CurrentCall,
    id: Id,  # noqa: A002
    hard: Annotated[bool, Query(description="Run all tasks again")] = False,
    from_task: Annotated[
        str, Query(alias="from", description="Run this task and what follows it again")
    ] = "",
    version: Annotated[
        str, Query(description="`latest`, or a number; else the version that it is pinned to")
    ] = "",
) -> Response[JobRequestView]:
    """Have a request run again."""
    wish = RestartWish(hard=hard, from_task=from_task, version=version)
    return _accepted(restart_job(call.plane, call.caller, id, wish))
