"""What belongs to a job type and to none of its versions: whether it runs, and how many at once."""

from pydantic import Field

from formicary.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from formicary.domain.gates import type_gate
from formicary.domain.records import JobTypeRecord, Principal
from formicary.service_layer.admission import Admission
from formicary.service_layer.apply_schedule import apply_schedule
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_definition import split_reference, unknown_job_type
from formicary.service_layer.strict_body import StrictBody

_TRIES = 5
MAX_CONCURRENCY = 1_000_000


class ConcurrencyBody(StrictBody):
    """Body of `PUT /api/jobs/definitions/{id}/concurrency`."""

    concurrency: int = Field(ge=0, le=MAX_CONCURRENCY, description="0 for any number", examples=[5])


def set_concurrency(
    plane: ControlPlane, caller: Principal, definition_id: str, concurrency: int
) -> JobTypeRecord:
    """Let so many runs of a type go on at once from now on; 0 for any number."""
    record = _change(plane, caller, definition_id, concurrency=concurrency)
    apply_concurrency(plane, record)
    return record


def set_disabled(
    plane: ControlPlane, caller: Principal, definition_id: str, *, disabled: bool
) -> JobTypeRecord:
    """Refuse new requests of a type, or take them again; what was submitted goes on."""
    record = _change(plane, caller, definition_id, disabled=disabled)
    apply_schedule(plane, caller.tenant, record.job_type)
    return record


def apply_concurrency(plane: ControlPlane, record: JobTypeRecord) -> None:
    """Have the gate of a type let as many pass as the record says, at once."""
    limit = record.max_concurrency or None
    by = f"limit:{plane.ids.ulid()}"
    admission = Admission(plane.gates, plane.events)
    admission.set_limit(record.tenant, type_gate(record.job_type), limit, by)


def _change(
    plane: ControlPlane,
    caller: Principal,
    definition_id: str,
    *,
    disabled: bool | None = None,
    concurrency: int | None = None,
) -> JobTypeRecord:
    job_type, _version = split_reference(definition_id)
    for _ in range(_TRIES):
        try:
            return plane.definitions.change_type(
                caller.tenant, job_type, disabled=disabled, concurrency=concurrency
            )
        except ConcurrentUpdateError:
            continue
        except NotFoundError:
            raise unknown_job_type(plane, caller.tenant, job_type) from None
    raise ConflictError(f"Others keep saving {job_type!r} at the same moment; try again.")
