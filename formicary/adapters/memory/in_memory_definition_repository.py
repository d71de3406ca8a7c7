"""Job types and their versions in memory."""

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from formicary.adapters.paging import scope_of, slice_page
from formicary.adapters.type_record import changed_type, kept_concurrency, published_by_another
from formicary.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from formicary.domain.records import DefinitionVersion, JobTypeRecord, Page
from formicary.domain.schedule import Schedule


class InMemoryDefinitionRepository:
    """DefinitionRepository on dicts; a forgotten type leaves its last version number behind."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._types: dict[tuple[str, str], JobTypeRecord] = {}
        self._versions: dict[tuple[str, str, int], DefinitionVersion] = {}
        self._schedules: dict[tuple[str, str], Schedule] = {}
        self._publishers: dict[str, str] = {}
        self._last_numbers: dict[tuple[str, str], int] = {}

    def find_type(self, tenant: str, job_type: str) -> JobTypeRecord | None:
        """Return the job type, None when there is none."""
        with self._lock:
            return self._types.get((tenant, job_type))

    def find_version(self, tenant: str, job_type: str, version: int) -> DefinitionVersion | None:
        """Return one version, None when there is none."""
        with self._lock:
            return self._versions.get((tenant, job_type, version))

    def publish(self, tenant: str, job_type: str) -> None:
        """Make the job type a public plugin of the tenant."""
        with self._lock:
            if self._publishers.setdefault(job_type, tenant) != tenant:
                raise ConflictError(published_by_another(job_type))

    def publisher(self, job_type: str) -> str | None:
        """Return the tenant whose public plugin the job type is."""
        with self._lock:
            return self._publishers.get(job_type)

    def save_version(
        self, version: DefinitionVersion, summary: Mapping[str, Any], expected_version: int
    ) -> JobTypeRecord:
        """Store a new version and put it in force; the record tells the number it was given."""
        name = (version.tenant, version.job_type)
        with self._lock:
            before = self._types.get(name)
            if (before.version if before else 0) != expected_version:
                raise ConcurrentUpdateError(f"{version.job_type} was saved by somebody else.")
            if before is None and name in self._last_numbers:
                version = replace(version, version=self._last_numbers[name] + 1)
            record = JobTypeRecord(
                tenant=version.tenant,
                job_type=version.job_type,
                version=version.version,
                sha256=version.sha256,
                created_at=before.created_at if before else version.created_at,
                updated_at=version.created_at,
                disabled=before.disabled if before else False,
                summary=json.loads(json.dumps(dict(summary))),
                concurrency=kept_concurrency(before, summary),
            )
            self._versions[*name, version.version] = version
            self._last_numbers[name] = version.version
            self._types[name] = record
            return record

    def change_type(
        self,
        tenant: str,
        job_type: str,
        *,
        disabled: bool | None = None,
        concurrency: int | None = None,
    ) -> JobTypeRecord:
        """Change what belongs to a type and to none of its versions."""
        with self._lock:
            record = self._types.get((tenant, job_type))
            if record is None:
                raise NotFoundError(f"There is no job type {job_type!r}.")
            changed = changed_type(record, disabled, concurrency)
            self._types[tenant, job_type] = changed
            return changed

    def find_schedule(self, tenant: str, job_type: str) -> Schedule | None:
        """Return the schedule of a job type, None when it never had one."""
        with self._lock:
            return self._schedules.get((tenant, job_type))

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Store a schedule if the stored revision is still its own."""
        name = (schedule.tenant, schedule.job_type)
        with self._lock:
            before = self._schedules.get(name)
            if (before.revision if before else 0) != schedule.revision:
                raise ConcurrentUpdateError(f"The schedule of {schedule.job_type} was changed.")
            saved = self._schedules[name] = schedule.evolve(revision=schedule.revision + 1)
            return saved

    def delete_type(self, tenant: str, job_type: str) -> None:
        """Forget the type; its versions stay."""
        with self._lock:
            self._types.pop((tenant, job_type), None)

    def list_types(
        self, tenant: str, *, offset: int, limit: int, token: str | None = None
    ) -> Page[JobTypeRecord]:
        """List the types by name."""
        with self._lock:
            found = [record for (owner, _), record in self._types.items() if owner == tenant]
        return slice_page(
            sorted(found, key=lambda record: record.job_type),
            scope=scope_of("types", tenant, {}),
            sort_key=lambda record: record.job_type,
            offset=offset,
            limit=limit,
            token=token,
            descending=False,
        )
