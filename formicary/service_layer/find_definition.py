"""Finding a definition by its id (`<job type>:<version>`) or by its job type (the one in force)."""

from dataclasses import dataclass

from formicary.domain.errors import NotFoundError
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.records import DefinitionVersion, JobTypeRecord, Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.suggest import did_you_mean

_SUGGESTIONS_FROM = 200


@dataclass(frozen=True, slots=True)
class FoundDefinition:
    """A version and its job type; `record` is None when the type was deleted since."""

    version: DefinitionVersion
    parsed: ParsedJob
    record: JobTypeRecord | None


def find_definition(plane: ControlPlane, caller: Principal, reference: str) -> FoundDefinition:
    """Return the definition that an id or a job type names."""
    job_type, number = split_reference(reference)
    record = plane.definitions.find_type(caller.tenant, job_type)
    if number is None and record is None:
        raise unknown_job_type(plane, caller.tenant, job_type)
    version = number if number is not None else record.version if record else 0
    pinned = plane.parsed.get(caller.tenant, job_type, version)
    return FoundDefinition(pinned.version, pinned.parsed, record)


def split_reference(reference: str) -> tuple[str, int | None]:
    """Split `<job type>:<version>`; the version is None where only a type is named."""
    job_type, colon, number = reference.rpartition(":")
    if colon and number.isascii() and number.isdigit() and len(number) <= 8:
        return job_type, int(number)
    return reference, None


def unknown_job_type(plane: ControlPlane, tenant: str, job_type: str) -> NotFoundError:
    """Return the error for a job type that does not exist, with the one that may be meant."""
    page = plane.definitions.list_types(tenant, offset=0, limit=_SUGGESTIONS_FROM)
    known = [record.job_type for record in page.records]
    return NotFoundError(
        f"There is no job type {job_type!r}.{did_you_mean(job_type, known)}", job_type=job_type
    )
