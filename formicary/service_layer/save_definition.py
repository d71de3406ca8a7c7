"""Uploading a job definition: checked as a whole, stored as it came, in force at once."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from formicary.domain.errors import ConcurrentUpdateError, ConflictError
from formicary.domain.parsed_job import ParsedJob, parse_job
from formicary.domain.records import DefinitionVersion, JobTypeRecord, Principal
from formicary.domain.sem_version import may_follow
from formicary.service_layer.apply_schedule import apply_schedule
from formicary.service_layer.change_job_type import apply_concurrency
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.definition_summary import summary_of

_TRIES = 5


@dataclass(frozen=True, slots=True)
class SavedDefinition:
    """The version in force after an upload; `created` is false when it was in force before."""

    record: JobTypeRecord
    version: DefinitionVersion
    parsed: ParsedJob
    created: bool


def save_definition(plane: ControlPlane, caller: Principal, body: bytes) -> SavedDefinition:
    """Store a definition as a new version, unless the same text is in force already."""
    parsed = parse_job(body)
    text = body.decode("utf-8")
    saved = _save(plane, caller, text, parsed)
    apply_concurrency(plane, saved.record)
    apply_schedule(plane, caller.tenant, saved.record.job_type)
    # Also when nothing is new: an upload that broke off here is repaired by the next.
    for key in parsed.routing_keys():
        url = plane.task_queues.ensure(caller.tenant, key)
        plane.ants.put_queue(caller.tenant, key, url)
    return saved


def _save(plane: ControlPlane, caller: Principal, text: str, parsed: ParsedJob) -> SavedDefinition:
    job_type = parsed.definition.job_type
    summary = summary_of(parsed)
    if parsed.definition.public_plugin:
        plane.definitions.publish(caller.tenant, job_type)
    for _ in range(_TRIES):
        current = plane.definitions.find_type(caller.tenant, job_type)
        version = _next_version(plane, caller, job_type, current, text)
        if current is not None and current.sha256 == version.sha256:
            return SavedDefinition(current, version, parsed, created=False)
        _check_plugin(parsed, current)
        try:
            expected = current.version if current else 0
            record = plane.definitions.save_version(version, summary, expected)
        except ConcurrentUpdateError:
            continue
        # A type that was deleted goes on counting: its old versions may be in use.
        version = replace(version, version=record.version)
        return SavedDefinition(record, version, parsed, created=True)
    raise ConflictError(f"Others keep uploading {job_type!r} at the same moment; try again.")


def _check_plugin(parsed: ParsedJob, current: JobTypeRecord | None) -> None:
    """Refuse to publish a plugin whose version does not rise: others count on what it names."""
    former = current.summary if current else {}
    new, old = parsed.definition.sem_version, str(former.get("sem_version"))
    both = parsed.definition.public_plugin and former.get("public_plugin")
    if both and not may_follow(new, old):
        raise ConflictError(
            f"The public plugin {parsed.definition.job_type!r} is published in version {old}, and "
            f"{new} does not follow it: give it a higher sem_version.",
            sem_version=old,
        )


def _next_version(
    plane: ControlPlane,
    caller: Principal,
    job_type: str,
    current: JobTypeRecord | None,
    text: str,
) -> DefinitionVersion:
    """Return the version that the text is, or would become."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    common: dict[str, Any] = {"tenant": caller.tenant, "job_type": job_type, "text": text}
    if current is not None and current.sha256 == digest:
        stored = plane.definitions.find_version(caller.tenant, job_type, current.version)
        if stored is not None:
            return stored
    return DefinitionVersion(
        **common,
        version=current.version + 1 if current else 1,
        sha256=digest,
        created_at=plane.clock.now(),
        user_id=caller.user_id,
    )
