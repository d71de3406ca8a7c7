"""What a control plane knows that helps to foresee a run: its ants, and the runs before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.domain.http_function import traits_of_definition, why_not_by_function
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import HTTP_METHODS
from formicary.service_layer.plan_job import Plan

Json = Mapping[str, Any]
_RUNS, _RUNS_READ = 20, 5
# Dollars a million, from docs/cost.md: one more task in a job, and a job without its tasks.
TASK_PRICE, JOB_PRICE = 4.77, 11.58


@dataclass(frozen=True, slots=True)
class Fit:
    """The ants that could take some tasks now; `hint` tells what the others lack.

    Without any, `function` tells that a function of the control plane takes them.
    """

    method: str
    tags: list[str]
    tasks: list[str]
    ants: list[str]
    hint: str = ""
    function: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """What can be foreseen. Seconds and costs are None where nothing is known."""

    fits: list[Fit]
    runs: int = 0
    seconds: float | None = None
    task_seconds: dict[str, float] = field(default_factory=dict)
    cost_seconds: float | None = None
    control_plane_dollars: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return asdict(self)


def forecast(client: ControlPlaneClient, plan: Plan) -> Forecast:
    """Ask the control plane for its ants and for the latest completed runs of the job type."""
    ants = [ant for ant in client.ants() if ant.get("alive")]
    runs = client.runs(_RUNS, job_type=plan.job_type, state="COMPLETED")
    lengths = [length for run in runs if (length := _seconds(run)) is not None]
    task_seconds = _task_seconds(client.run(str(run["id"])) for run in runs[:_RUNS_READ])
    by_function = bool(client.health().get("http_function"))
    return Forecast(
        fits=[
            fit
            for key, tasks in plan.needs().items()
            for fit in _fits(key, tasks, ants, plan if by_function else None)
        ],
        runs=len(lengths),
        seconds=median(lengths) if lengths else None,
        task_seconds=task_seconds,
        cost_seconds=_cost(plan, task_seconds),
        control_plane_dollars=_price(plan),
    )


def _fits(
    key: RoutingKey, tasks: list[str], ants: Sequence[Json], plan: Plan | None
) -> Iterator[Fit]:
    """Tell who takes the tasks of a routing key; with a plan, the function takes what it can."""
    method, tags = str(key.method), list(key.tags)
    able = [str(a["ant_id"]) for a in ants if key.served_by(a["methods"], a["tags"])]
    if able:
        yield Fit(method, tags, tasks, able)
        return
    objections = _objections(plan, tasks) if plan and key.method in HTTP_METHODS else {}
    for objection, names in objections.items():
        if not objection:
            yield Fit(method, tags, names, [], "the control plane's HTTP function", function=True)
            continue
        unfit = f"{_lacking(key, ants)}, and not for the HTTP function: {objection}"
        yield Fit(method, tags, names, [], unfit)
    if not objections:
        yield Fit(method, tags, tasks, [], _lacking(key, ants))


def _objections(plan: Plan, names: Iterable[str]) -> dict[str, list[str]]:
    """Return the tasks by the reason why the function does not carry them out."""
    found: dict[str, list[str]] = {}
    for task in plan.tasks:
        if task.name in names:
            reason = why_not_by_function(traits_of_definition(task.task))
            found.setdefault(reason, []).append(task.name)
    return found


def _lacking(key: RoutingKey, ants: Sequence[Json]) -> str:
    if not ants:
        return "no ant is alive"
    of_method = [ant for ant in ants if key.method in ant["methods"]]
    if not of_method:
        return f"none of {len(ants)} living ants has the method {key.method}"
    offered = {tag.lower() for ant in of_method for tag in ant["tags"]}
    unknown = [tag for tag in key.tags if tag not in offered]
    told = f"tag {', '.join(unknown)}" if unknown else f"all of the tags {', '.join(key.tags)}"
    return f"none of {len(of_method)} living ants with {key.method} has the {told}".replace(
        "the all", "all"
    )


def _task_seconds(runs: Iterable[Json]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for run in runs:
        for task in (run.get("execution") or {}).get("tasks") or ():
            length = _seconds(task)
            if length is not None:
                found.setdefault(str(task["task_type"]), []).append(length)
    return {name: median(lengths) for name, lengths in found.items()}


def _seconds(record: Json) -> float | None:
    start, end = record.get("started_at"), record.get("ended_at")
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _cost(plan: Plan, task_seconds: Mapping[str, float]) -> float | None:
    """Return seconds times cost factors over the tasks that are known to run."""
    priced = [task for task in plan.tasks if task.task.cost_factor and task.name in task_seconds]
    if not priced:
        return None
    return sum(task_seconds[task.name] * task.task.cost_factor for task in priced)


def _price(plan: Plan) -> float | None:
    """Return what the control plane costs on AWS for the longest path, one attempt a task."""
    if not plan.paths:
        return None
    tasks = max(len(path.steps) for path in plan.paths)
    return (JOB_PRICE + tasks * TASK_PRICE) / 1_000_000
