"""Definitions of the simulated worlds: parsed once a text, since that takes longer than to run."""

import hashlib
from functools import lru_cache

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues
from formicary.domain.parsed_job import ParsedJob, parse_job
from formicary.domain.records import DefinitionVersion
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.definition_summary import summary_of
from formicary.service_layer.handle_event import Engine
from formicary.service_layer.parsed_definitions import ParsedDefinitions, PinnedDefinition
from tests.simulator.shapes import Shape


@lru_cache(maxsize=2048)
def parsed(text: str) -> ParsedJob:
    return parse_job(text)


class SharedDefinitions(ParsedDefinitions):
    """ParsedDefinitions whose parsed texts outlive the world."""

    def find(self, tenant: str, job_type: str, version: int) -> PinnedDefinition | None:
        found = self._definitions.find_version(tenant, job_type, version)
        return PinnedDefinition(found, parsed(found.text)) if found else None


class FastEngine(Engine):
    """The engine, sparing a fresh function the parsing of what another world has parsed."""

    definitions_type = SharedDefinitions


def store(
    plane: ControlPlane, queues: InMemoryTaskQueues, shape: Shape, tenant: str
) -> dict[str, tuple[str, ...]]:
    """Store a definition and its queues; return these with the tags that they want."""
    text = shape.text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    version = DefinitionVersion(tenant, shape.job_type, 1, text, digest, EPOCH, "user")
    job = parsed(text)
    plane.definitions.save_version(version, summary_of(job), 0)
    return queues_of(plane, queues, shape, tenant)


def queues_of(
    plane: ControlPlane, queues: InMemoryTaskQueues, shape: Shape, tenant: str
) -> dict[str, tuple[str, ...]]:
    """Make the queues of a definition; return them with the tags that they want."""
    urls = {key: queues.ensure(tenant, key) for key in parsed(shape.text()).routing_keys()}
    for key, url in urls.items():
        plane.ants.put_queue(tenant, key, url)
    return {url: tuple(key.tags) for key, url in urls.items()}
