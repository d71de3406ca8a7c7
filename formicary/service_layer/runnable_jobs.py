"""What a tenant may run: its own job types, public plugins of others, and which versions."""

from dataclasses import dataclass

from formicary.domain.errors import NotFoundError
from formicary.domain.records import JobTypeRecord
from formicary.ports import DefinitionRepository
from formicary.service_layer.parsed_definitions import ParsedDefinitions

MAX_DIGITS = 8
_LOOK_BACK = 50


@dataclass(frozen=True, slots=True)
class RunnableJobs:
    """Finds job types and their versions."""

    definitions: DefinitionRepository
    parsed: ParsedDefinitions

    def find(self, tenant: str, job_type: str) -> JobTypeRecord | None:
        """Return a job type of the tenant, or the public plugin of that name."""
        own = self.definitions.find_type(tenant, job_type)
        if own is not None:
            return own
        publisher = self.definitions.publisher(job_type)
        return self.definitions.find_type(publisher, job_type) if publisher else None

    def version(self, tenant: str, found: JobTypeRecord, asked: str) -> int:
        """Return the version with that number or `sem_version`; without either that in force.

        NotFoundError when there is none, or none that the tenant may run.
        """
        number = self._numbered(found, asked)
        self.refuse_private(tenant, found.tenant, found.job_type, number)
        return number

    def refuse_private(self, tenant: str, owner: str, job_type: str, version: int) -> None:
        """Raise NotFoundError for a version of another tenant that is not public."""
        if owner == tenant:
            return
        if not self.parsed.get(owner, job_type, version).parsed.definition.public_plugin:
            raise NotFoundError(f"Version {version} of {job_type!r} is not public.")

    def _numbered(self, found: JobTypeRecord, asked: str) -> int:
        if asked in {"", str(found.version), found.summary.get("sem_version")}:
            return found.version
        numbered = asked.isascii() and asked.isdigit() and len(asked) <= MAX_DIGITS
        if numbered and self.definitions.find_version(found.tenant, found.job_type, int(asked)):
            return int(asked)
        for version in range(found.version, max(0, found.version - _LOOK_BACK), -1):
            parsed = self.parsed.get(found.tenant, found.job_type, version).parsed
            if parsed.definition.sem_version == asked:
                return version
        raise NotFoundError(
            f"{found.job_type!r} has no version {asked!r}; name a version number, or one of the "
            f"sem_versions among the last {_LOOK_BACK}."
        )
