"""Job types, their versions, and the table of error codes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from formicary.domain.error_rules import ErrorRule
from formicary.domain.records import DefinitionVersion, JobTypeRecord, Page
from formicary.domain.schedule import Schedule


class DefinitionRepository(Protocol):
    """Job types and their immutable versions."""

    def find_type(self, tenant: str, job_type: str) -> JobTypeRecord | None:
        """Return the job type, None when there is none."""

    def find_version(self, tenant: str, job_type: str, version: int) -> DefinitionVersion | None:
        """Return one version, None when there is none."""

    def save_version(
        self, version: DefinitionVersion, summary: Mapping[str, Any], expected_version: int
    ) -> JobTypeRecord:
        """Store a new version and put it in force, all or nothing.

        `expected_version` is the version in force before (0 for a new type);
        ConcurrentUpdateError when it is another one by now.
        """

    def change_type(
        self,
        tenant: str,
        job_type: str,
        *,
        disabled: bool | None = None,
        concurrency: int | None = None,
    ) -> JobTypeRecord:
        """Change what belongs to a type and to none of its versions; NotFoundError without one.

        ConcurrentUpdateError when somebody else saves it at the same moment.
        """

    def find_schedule(self, tenant: str, job_type: str) -> Schedule | None:
        """Return the schedule of a job type, None when it never had one."""

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Store a schedule if the stored revision is still its own; return it with revision + 1.

        ConcurrentUpdateError otherwise.
        """

    def publish(self, tenant: str, job_type: str) -> None:
        """Make the job type a public plugin of the tenant; ConflictError when it is another's."""

    def publisher(self, job_type: str) -> str | None:
        """Return the tenant whose public plugin the job type is."""

    def delete_type(self, tenant: str, job_type: str) -> None:
        """Forget the type; its versions stay for the runs that are pinned to them."""

    def list_types(
        self, tenant: str, *, offset: int, limit: int, token: str | None = None
    ) -> Page[JobTypeRecord]:
        """List the types by name."""


class ErrorRuleRepository(Protocol):
    """Rows of the table of error codes; those of everybody lie under the tenant `*`."""

    def list(self, tenant: str) -> Sequence[ErrorRule]:
        """Return the rows of a tenant by id."""

    def find(self, tenant: str, rule_id: str) -> ErrorRule | None:
        """Return a row."""

    def put(self, rule: ErrorRule) -> None:
        """Store a row of its tenant in place of the one with its id."""

    def delete(self, tenant: str, rule_id: str) -> None:
        """Forget a row."""
