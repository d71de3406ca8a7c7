"""Submitting a job: the request is stored, and the engine is told. The API moves nothing itself."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from formicary.domain.announcements import announced
from formicary.domain.errors import ConflictError, InvalidRequestError
from formicary.domain.events import JobSubmitted
from formicary.domain.gates import user_gate
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.records import IDEMPOTENCY_KEPT, JobTypeRecord, Principal, Reservation
from formicary.domain.task_definition import BasicResource
from formicary.service_layer.choose_resource import ChosenResource, choose_resource
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.definition_summary import summary_of
from formicary.service_layer.find_definition import unknown_job_type
from formicary.service_layer.gates_of_run import gates_of_run
from formicary.service_layer.job_submission import JobSubmission, check_params
from formicary.service_layer.runnable_jobs import RunnableJobs
from formicary.service_layer.send_event import send_event

MAX_IDEMPOTENCY_KEY = 255


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The run; `created` is false when an unfinished one with the same `user_key` was there."""

    run: JobRun
    created: bool


def submit_job(
    plane: ControlPlane, caller: Principal, submission: JobSubmission, idempotency_key: str = ""
) -> SubmittedJob:
    """Store a request and have it started.

    When the event cannot be sent, the caller is told to try again: with a `user_key` or an
    idempotency key that finds this run and sends it off; without one it waits until it is
    cancelled by hand.
    """
    order = _order(plane, caller, submission)
    request_id = _request_id(plane, caller, submission, idempotency_key)
    fresh = new_run(order, request_id, plane.ids.key(), plane.clock.now())
    run = plane.runs.create(fresh)
    if run.phase is Phase.WAITING:
        send_event(plane, run, JobSubmitted())
    return SubmittedJob(run, created=run.key == fresh.key)


def _request_id(
    plane: ControlPlane, caller: Principal, submission: JobSubmission, idempotency_key: str
) -> str:
    """Return a new id, or the one that was given out under the same key before."""
    request_id = plane.ids.ulid()
    if not idempotency_key:
        return request_id
    if len(idempotency_key) > MAX_IDEMPOTENCY_KEY:
        raise InvalidRequestError(
            f"An Idempotency-Key has at most {MAX_IDEMPOTENCY_KEY} characters."
        )
    digest = hashlib.sha256(submission.model_dump_json().encode()).hexdigest()
    wanted = Reservation(request_id, digest, plane.clock.now() + IDEMPOTENCY_KEPT)
    reserved = plane.runs.reserve(caller.tenant, f"{caller.user_id}:{idempotency_key}", wanted)
    if reserved.digest != digest:
        raise ConflictError(
            "Another request was submitted with this Idempotency-Key; use a key once.",
            request_id=reserved.request_id,
        )
    return reserved.request_id


def _order(plane: ControlPlane, caller: Principal, submission: JobSubmission) -> RunOrder:
    jobs = RunnableJobs(plane.definitions, plane.parsed)
    job_type, asked = submission.asked_for
    record = jobs.find(caller.tenant, job_type)
    if record is None:
        raise unknown_job_type(plane, caller.tenant, job_type)
    if record.disabled:
        raise ConflictError(
            f"The job type {record.job_type!r} is disabled; enable it first.", disabled=True
        )
    version = jobs.version(caller.tenant, record, asked)
    published = record.tenant != caller.tenant
    summary = _summary(plane, record, version)
    required = [str(name) for name in summary["required_params"]]
    check_params(record.job_type, required, submission.params)
    limits = plane.limits.of(caller.tenant)
    if caller.user_id and caller.user_id not in limits.users and limits.user_max_concurrency:
        # The limit of every user may have changed since this one submitted last.
        gate = user_gate(caller.user_id)
        plane.gates.limit(caller.tenant, gate, limits.user_max_concurrency)
    leased = _leased(plane, caller.tenant, summary)
    return RunOrder(
        tenant=caller.tenant,
        user_id=caller.user_id,
        job_type=record.job_type,
        job_version=version,
        size=int(summary["tasks"]),
        params={**leased.variables, **submission.params} if leased else submission.params,
        scheduled_at=submission.scheduled_at,
        user_key=submission.user_key,
        description=submission.description,
        platform=submission.platform,
        job_group=submission.job_group,
        job_priority=submission.job_priority,
        definition_tenant=record.tenant if published else "",
        gates=(
            *((leased.claim,) if leased else ()),
            *gates_of_run(record, caller.user_id, limits),
        ),
        announces=announced(str(summary.get("announces", "")), child=False, foreign=published),
    )


def _leased(plane: ControlPlane, tenant: str, summary: Mapping[str, Any]) -> ChosenResource | None:
    named = summary.get("resources")
    if not named:
        return None
    try:
        wanted = BasicResource.model_validate(named)
    except ValidationError as error:
        raise InvalidRequestError(
            "The resources of a job are chosen when it is submitted, before any template is"
            " rendered: write them out, or name them at a task."
        ) from error
    return choose_resource(plane.gates, tenant, wanted)


def _summary(plane: ControlPlane, record: JobTypeRecord, version: int) -> dict[str, Any]:
    """The summary of the version in force lies beside the type: nothing has to be parsed."""
    if version == record.version:
        return record.summary
    return summary_of(plane.parsed.get(record.tenant, record.job_type, version).parsed)
