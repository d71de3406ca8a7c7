"""What a job would do with given params, told before it runs.

The parser, the routing and the variables are those that the engine works with. What only a run can
know stands in angle brackets.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from formicary.domain.fork_items import items_of
from formicary.domain.job_graph import JobGraph
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.paths import Path, paths
from formicary.domain.rendered_graph import is_true
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.templating import TemplateError
from formicary.service_layer.task_variables import (
    BUILT_IN_NAMES,
    job_built_ins,
    job_variables,
    render_attempt,
    task_built_ins,
)

MAX_PATHS = 20
MAX_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task as it would be sent: rendered, or the fault that rendering would end with."""

    name: str
    task: TaskDefinition
    warnings: tuple[str, ...] = ()
    fault: str = ""

    @property
    def key(self) -> RoutingKey | None:
        """Method and tags that an ant must have; None for what the control plane does itself."""
        return RoutingKey.of(self.task.method, self.task.tags) if self.task.needs_ant else None

    @property
    def skipped(self) -> bool:
        """Whether its `except` or a condition leaves it out."""
        return is_true(self.task.except_)

    def to_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        shown = self.task.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {
            "task_type": self.name,
            "method": str(self.task.method),
            **shown,
            "warnings": list(self.warnings),
            "fault": self.fault,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job would do; `more_paths` are not listed, and `uncounted` tells of yet more."""

    job_type: str
    tasks: tuple[PlannedTask, ...]
    paths: tuple[Path, ...]
    more_paths: int = 0
    uncounted: bool = False
    missing_params: tuple[str, ...] = ()
    refused_params: tuple[str, ...] = ()
    strict: bool = False

    @property
    def ready(self) -> bool:
        """Whether the job could be submitted with these params and each task be rendered."""
        broken = any(task.fault or (self.strict and task.warnings) for task in self.tasks)
        return not (self.missing_params or self.refused_params or broken)

    def to_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "job_type": self.job_type,
            "ready": self.ready,
            "missing_params": list(self.missing_params),
            "refused_params": list(self.refused_params),
            "paths": [asdict(path) for path in self.paths],
            "more_paths": self.more_paths,
            "more_paths_uncounted": self.uncounted,
            "needs": [
                {"method": str(key.method), "tags": list(key.tags), "tasks": names}
                for key, names in self.needs().items()
            ],
            "tasks": [task.to_json() for task in self.tasks],
        }

    def needs(self) -> dict[RoutingKey, list[str]]:
        """Return what ants must have, each with the tasks that need it."""
        found: dict[RoutingKey, list[str]] = {}
        for task in self.tasks:
            if task.key and not task.skipped:
                found.setdefault(task.key, []).append(task.name)
        return found


def plan_job(parsed: ParsedJob, params: Mapping[str, Any], now: datetime) -> Plan:
    """Return what the job would do when it was submitted now."""
    plan = _Planner(parsed, params, now)
    found = list(islice(paths(plan.graph), MAX_COUNTED + 1))
    required = [str(name) for name in parsed.definition.required_params]
    return Plan(
        job_type=parsed.definition.job_type,
        tasks=tuple(plan.task(task.task_type) for task in parsed.definition.tasks),
        paths=tuple(found[:MAX_PATHS]),
        more_paths=min(max(0, len(found) - MAX_PATHS), MAX_COUNTED - MAX_PATHS),
        uncounted=len(found) > MAX_COUNTED,
        missing_params=tuple(name for name in required if params.get(name) in (None, "")),
        refused_params=tuple(sorted(BUILT_IN_NAMES & params.keys())),
        strict=parsed.definition.strict_variables,
    )


class _Planner:
    def __init__(self, parsed: ParsedJob, params: Mapping[str, Any], now: datetime) -> None:
        order = RunOrder(
            tenant="<OrganizationID>",
            user_id="<UserID>",
            job_type=parsed.definition.job_type,
            job_version=0,
            size=len(parsed.definition.tasks),
            params=params,
        )
        self._parsed = parsed
        self._run = new_run(order, "<JobID>", "plan", now)
        self._now = now
        variables = job_variables(self._run, parsed.definition.job_variables, now)
        self.graph: JobGraph = parsed.graph(variables)

    def task(self, name: str) -> PlannedTask:
        """Render a task as its first attempt would be."""
        below = {
            **self._parsed.definition.job_variables,
            **job_built_ins(self._run, self._now),
            **task_built_ins(self._run, name, 1),
        }
        above = {**self._run.params, **self._expected(name)}
        try:
            rendered = render_attempt(self._parsed, name, below, above)
            items = items_of(rendered.task.fork_items or ())
            if items:
                # Shown as its first child would have it.
                first = {"Item": items[0], "ItemIndex": 0}
                rendered = render_attempt(self._parsed, name, below, {**above, **first})
        except (TemplateError, ValueError) as error:
            return PlannedTask(name, self._parsed.definition.task(name), fault=str(error))
        return PlannedTask(name, rendered.task, rendered.warnings)

    def _expected(self, task_type: str) -> dict[str, Any]:
        """Stand in for what earlier tasks will leave, as far as the templates mention it."""
        found: dict[str, Any] = {}
        for name in self._parsed.referenced_names(task_type):
            ended = name.removesuffix("-status")
            maker, mark, number = name.rpartition("_ArtifactURL_")
            if ended != name and self.graph.has(ended):
                found[name] = "COMPLETED"
            elif mark and self.graph.has(maker):
                found[name] = f"<URL of artifact {number} of {maker}>"
            elif self._forks(name):
                found[name] = {"ForkedJobID": f"<ForkedJobID of {name}>"}
        return found

    def _forks(self, name: str) -> bool:
        return self.graph.has(name) and self.graph.node(name).method is TaskMethod.FORK_JOB
