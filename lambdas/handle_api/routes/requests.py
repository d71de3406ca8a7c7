"""Routes of job requests."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from formicary.domain.log_streams import Stream
from formicary.domain.log_view import LogView
from formicary.service_layer.job_submission import JobSubmission
from formicary.service_layer.list_notifications import NotificationsView, list_notifications
from formicary.service_layer.list_runs import list_runs
from formicary.service_layer.paging import PageView, page_view
from formicary.service_layer.read_task_log import read_task_log
from formicary.service_layer.run_view import JobRequestView, listed_run_view, run_view
from formicary.service_layer.show_history import HistoryRecord, show_history
from formicary.service_layer.show_run import show_run
from formicary.service_layer.submit_job import submit_job
from formicary.service_layer.wait_time import WaitEstimate, wait_time
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
_TAGS = ["Job requests"]


@router.post(
    "/api/jobs/requests",
    summary="Submit a job",
    description="200 with the earlier request when an unfinished one has the same `user_key`.",
    tags=_TAGS,
    operation_id="submit_job",
    status_code=201,
)
def post_request(
    call: CurrentCall,
    submission: Annotated[JobSubmission, Body()],
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            description="For 24 hours the same key returns the same request (200)",
        ),
    ] = "",
) -> Response[JobRequestView]:
    """Submit a job."""
    submitted = submit_job(call.plane, call.caller, submission, idempotency_key)
    return Response(
        status_code=201 if submitted.created else 200,
        content_type="application/json",
        body=run_view(submitted.run),
        headers={"Location": f"/api/jobs/requests/{submitted.run.request_id}"},
    )


@router.get(
    "/api/jobs/requests", summary="List job requests", tags=_TAGS, operation_id="list_requests"
)
def get_requests(  # noqa: PLR0917 - one argument a query parameter
    call: CurrentCall,
    page: PageNumber = FIRST_PAGE,
    page_size: PageSize = USUAL_SIZE,
    token: PageToken = None,
    job_type: Annotated[str | None, Query(description="Only this job type")] = None,
    job_state: Annotated[
        str | None,
        Query(description="States with commas between; RUNNING, WAITING and DONE are groups"),
    ] = None,
    parent_id: Annotated[
        str | None, Query(description="Only those that this job request has forked")
    ] = None,
) -> PageView[JobRequestView]:
    """List requests, the newest first, without params and execution."""
    request = page_request(page, page_size, token)
    found = list_runs(
        call.plane,
        call.caller,
        request,
        job_type=job_type,
        job_state=job_state,
        parent_id=parent_id,
    )
    return page_view(found, request, listed_run_view)


@router.get(
    "/api/jobs/requests/<id>",
    summary="Show a job request with its execution, tasks, artifacts and contexts",
    tags=_TAGS,
    operation_id="show_request",
)
def get_request(call: CurrentCall, id: Id) -> JobRequestView:  # noqa: A002 - its public name
    """Show a request."""
    return show_run(call.plane, call.caller, id)


@router.get(
    "/api/jobs/requests/<id>/wait_time",
    summary="What a job request waits for, and how long it may still wait",
    tags=_TAGS,
    operation_id="wait_time",
)
def get_wait_time(call: CurrentCall, id: Id) -> WaitEstimate:  # noqa: A002
    """Estimate the wait of a request."""
    return wait_time(call.plane, call.caller, id)


@router.get(
    "/api/jobs/requests/<id>/tasks/<task_type>/log",
    summary="What a task printed, while it runs and after",
    description="Go on with `offset` from the header `Formicary-Next-Offset` until the header "
    "`Formicary-Complete` is true. An offset is a place to go on from, not a number of bytes.",
    tags=_TAGS,
    operation_id="task_log",
    responses=TEXT,
)
@not_json
def get_task_log(  # noqa: PLR0917 - one argument a query parameter
    call: CurrentCall,
    id: Id,  # noqa: A002
    task_type: Annotated[str, Path(description="Task")],
    attempt: Annotated[int | None, Query(ge=1, description="The latest, unless told")] = None,
    offset: Annotated[int, Query(ge=0, description="Where to go on")] = 0,
    timestamps: Annotated[
        bool, Query(description="Begin each line with the time when it was written")
    ] = False,
    labels: Annotated[
        bool, Query(description="Begin each line with the stream that it was written to")
    ] = False,
    stream: Annotated[
        Literal["stdout", "stderr"] | None,
        Query(description="Only what was written there; both, unless told"),
    ] = None,
) -> Response[Any]:
    """Return a piece of a log."""
    part = read_task_log(
        call.plane,
        call.caller,
        id,
        task_type,
        attempt=attempt,
        offset=offset,
        view=LogView(
            timestamps=timestamps, labels=labels, stream=Stream(stream) if stream else None
        ),
    )
    headers = {
        "Formicary-Next-Offset": str(part.next_offset),
        "Formicary-Complete": str(part.complete).lower(),
    }
    return text_answer(part.data, "text/plain; charset=utf-8", **headers)


@router.get(
    "/api/jobs/requests/<id>/history",
    summary="What happened to a job request: applied, late, doubled, refused and forged",
    tags=_TAGS,
    operation_id="show_history",
)
def get_history(
    call: CurrentCall,
    id: Id,  # noqa: A002
    page: PageNumber = FIRST_PAGE,
    page_size: PageSize = USUAL_SIZE,
    token: PageToken = None,
) -> PageView[HistoryRecord]:
    """Show the history of a request, the oldest first."""
    request = page_request(page, page_size, token)
    found = show_history(call.plane, call.caller, id, request)
    return page_view(found, request, lambda record: record)


@router.get(
    "/api/jobs/requests/<id>/notifications",
    summary="Who was told how a job request and its tasks ended, and who could not be told",
    tags=_TAGS,
    operation_id="list_notifications",
)
def get_notifications(call: CurrentCall, id: Id) -> NotificationsView:  # noqa: A002
    """List the notifications of a request."""
    return list_notifications(call.plane, call.caller, id)
