"""A run together with its definition, as a decision needs them: the same for engine and replay."""

from dataclasses import dataclass
from datetime import datetime

from formicary.domain.announcements import announced
from formicary.domain.events import Event, RestartRequested
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.restart import repinned
from formicary.ports import ConfigRepository
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.perform_commands import plan_variables


@dataclass(frozen=True, slots=True)
class Situation:
    """A run as loaded, with its definition."""

    run: JobRun
    parsed: ParsedJob
    graph: JobGraph


@dataclass(frozen=True, slots=True)
class Situations:
    """Puts runs and their definitions together."""

    parsed_definitions: ParsedDefinitions
    configs: ConfigRepository

    def of(self, run: JobRun, now: datetime) -> Situation:
        """Return a run with the graph of its version, rendered for this moment."""
        pinned = self.parsed_definitions.get(run.defined_by, run.job_type, run.job_version)
        parsed = pinned.parsed
        variables = plan_variables(run, parsed, now, self.configs)
        return Situation(run, parsed, parsed.graph(variables))

    def before(self, run: JobRun, event: Event, now: datetime) -> Situation:
        """Return what an event is decided on: a restart may take a run to another version."""
        here = self.of(run, now)
        if not isinstance(event, RestartRequested) or run.phase is not Phase.ENDED:
            return here
        if event.job_version in (0, run.job_version):
            return here
        there = self.of(run.evolve(job_version=event.job_version), now)
        run = repinned(run, here.graph, there.graph, event.job_version)
        told = announced(
            there.parsed.announces,
            child=run.parent is not None,
            foreign=bool(run.definition_tenant),
        )
        return Situation(run.evolve(announces=told), there.parsed, there.graph)
