"""Definitions as parsed, kept while the process lives: a version never changes."""

from collections import OrderedDict

from formicary.domain.errors import NotFoundError
from formicary.domain.parsed_job import ParsedJob, parse_job
from formicary.ports import DefinitionRepository

_CAPACITY = 128


class ParsedDefinitions:
    """The parsed text of definition versions, the most recently used first."""

    def __init__(self, definitions: DefinitionRepository) -> None:
        """Read what is missing from `definitions`."""
        self._definitions = definitions
        self._parsed: OrderedDict[tuple[str, str, int], ParsedJob] = OrderedDict()

    def get(self, tenant: str, job_type: str, version: int) -> ParsedJob:
        """Return a version; NotFoundError when there is none."""
        key = (tenant, job_type, version)
        parsed = self._parsed.get(key)
        if parsed is None:
            found = self._definitions.find_version(tenant, job_type, version)
            if found is None:
                raise NotFoundError(f"there is no version {version} of job type {job_type!r}")
            parsed = parse_job(found.text)
            self._parsed[key] = parsed
            if len(self._parsed) > _CAPACITY:
                self._parsed.popitem(last=False)
        self._parsed.move_to_end(key)
        return parsed
