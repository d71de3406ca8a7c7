"""Definitions as parsed, kept while the process lives: a version never changes."""

from collections import OrderedDict
from dataclasses import dataclass

from formicary.domain.errors import NotFoundError
from formicary.domain.parsed_job import ParsedJob, parse_job
from formicary.domain.records import DefinitionVersion
from formicary.ports import DefinitionRepository

_CAPACITY = 128


@dataclass(frozen=True, slots=True)
class PinnedDefinition:
    """A stored version together with what its text says."""

    version: DefinitionVersion
    parsed: ParsedJob


class ParsedDefinitions:
    """The parsed text of definition versions, the most recently used ones."""

    def __init__(self, definitions: DefinitionRepository) -> None:
        """Read what is missing from `definitions`."""
        self._definitions = definitions
        self._pinned: OrderedDict[tuple[str, str, int], PinnedDefinition] = OrderedDict()

    def find(self, tenant: str, job_type: str, version: int) -> PinnedDefinition | None:
        """Return a version, None when there is none."""
        key = (tenant, job_type, version)
        pinned = self._pinned.get(key)
        if pinned is None:
            found = self._definitions.find_version(tenant, job_type, version)
            if found is None:
                return None
            pinned = self._pinned[key] = PinnedDefinition(found, parse_job(found.text))
            if len(self._pinned) > _CAPACITY:
                self._pinned.popitem(last=False)
        self._pinned.move_to_end(key)
        return pinned

    def get(self, tenant: str, job_type: str, version: int) -> PinnedDefinition:
        """Return a version; NotFoundError when there is none."""
        pinned = self.find(tenant, job_type, version)
        if pinned is None:
            raise NotFoundError(f"There is no version {version} of the job type {job_type!r}.")
        return pinned
