"""Definitions as the API shows them: the article's JobDefinition."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from formicary.domain.cron import next_times
from formicary.domain.job_definition import JobDefinition
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.records import DefinitionVersion, JobTypeRecord


class DefinitionView(BaseModel):
    """A job definition: the fields of its text by their names, and what the system adds."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description="`<job type>:<version>`")
    job_type: str
    version: int = Field(description="Grows by one with every new text")
    sem_version: str = ""
    user_id: str = ""
    organization_id: str
    description: str = ""
    disabled: bool = False
    created_at: datetime
    updated_at: datetime
    next_fire_times: list[datetime] = Field(
        default_factory=list, description="When `cron_trigger` fires next, five times at most"
    )


def definition_view(
    version: DefinitionVersion, parsed: ParsedJob, record: JobTypeRecord | None, now: datetime
) -> DefinitionView:
    """Show one version with its whole structure."""
    document = parsed.to_json()
    return DefinitionView.model_validate(
        {
            **document,
            "id": version.id,
            "job_type": version.job_type,
            "version": version.version,
            "sem_version": str(document.get("sem_version") or ""),
            "description": str(document.get("description") or ""),
            "user_id": version.user_id,
            "organization_id": version.tenant,
            "disabled": record.disabled if record else True,
            **_concurrency(record),
            "created_at": version.created_at,
            "updated_at": record.updated_at if record else version.created_at,
            "next_fire_times": _next_fire_times(parsed.definition, now),
        }
    )


def _next_fire_times(job: JobDefinition, now: datetime) -> list[datetime]:
    # A templated trigger is known when it is rendered, and not here.
    if not job.cron_trigger or "{{" in job.cron_trigger + job.cron_timezone:
        return []
    return next_times(job.cron_trigger, now, timezone=job.cron_timezone)


def job_type_view(record: JobTypeRecord) -> DefinitionView:
    """Show a job type as lists do: without its tasks."""
    return DefinitionView.model_validate(
        {
            **record.summary,
            "id": f"{record.job_type}:{record.version}",
            "job_type": record.job_type,
            "version": record.version,
            "organization_id": record.tenant,
            "disabled": record.disabled,
            **_concurrency(record),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
        }
    )


def _concurrency(record: JobTypeRecord | None) -> dict[str, int]:
    """What the API set counts, whatever the text says."""
    if record is None or record.concurrency is None:
        return {}
    return {"max_concurrency": record.concurrency}
