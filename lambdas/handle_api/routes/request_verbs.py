"""Routes of what can be asked of a job request: cancel, pause, resume, trigger, restart."""

from collections.abc import Callable
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.domain.wishes import Verb
from formicary.service_layer.cancel_job import cancel_job
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.pause_job import pause_job, resume_job, trigger_job
from formicary.service_layer.restart_job import RestartWish, restart_job
from formicary.service_layer.run_view import JobRequestView, run_view
from lambdas.handle_api.routes.call import CurrentCall, Id, new_router

router = new_router()
_TAGS = ["Job requests"]
_Ask = Callable[[ControlPlane, Principal, str], JobRun]


def _accepted(run: JobRun) -> Response[JobRequestView]:
    return Response(status_code=202, content_type="application/json", body=run_view(run))


def _add_verb(verb: Verb, summary: str, description: str | None, ask: _Ask) -> None:
    """Add the route of a verb without options."""

    @router.post(
        f"/api/jobs/requests/<id>/{verb}",
        summary=summary,
        description=description,
        tags=_TAGS,
        operation_id=f"{verb}_request",
        status_code=202,
    )
    def post_verb(call: CurrentCall, id: Id) -> Response[JobRequestView]:  # noqa: A002 - public name
        return _accepted(ask(call.plane, call.caller, id))


_add_verb(
    Verb.CANCEL,
    "Cancel a job request",
    "The answer shows it as it stands; it ends a moment later.",
    cancel_job,
)


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


_add_verb(Verb.RESUME, "Resume a paused job request", None, resume_job)
_add_verb(
    Verb.TRIGGER,
    "Run a scheduled job request now",
    "Also the retry that a job waits for.",
    trigger_job,
)


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
