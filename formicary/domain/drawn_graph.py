"""The graph of a definition or of a run as every picture shows it: tasks, ways, and what was gone.

A way is labelled with the exit codes that lead there; `completed` is only said where there is
another way as well. A join is led to by those that it depends on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from formicary.domain.routing import is_special
from formicary.domain.states import Target

if TYPE_CHECKING:
    from formicary.domain.parsed_job import ParsedJob
    from formicary.domain.task_definition import TaskDefinition
    from formicary.domain.validation_routes import Route

SKIPPED = "SKIPPED"
_COMPLETED, _FAILED = "completed", "failed"
_LOOPS = frozenset({Target.EXECUTING, Target.RESTART_TASK})
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", SKIPPED})


class Shape(StrEnum):
    """What a node stands for."""

    START = "start"
    TASK = "task"
    END = "end"


class Line(StrEnum):
    """How a way is drawn."""

    PLAIN = "plain"
    FAILURE = "failure"
    REPEAT = "repeat"
    JOIN = "join"
    BY_TEMPLATE = "by template"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task of a run stands: its state, and the exit code when it has ended."""

    state: str
    exit_code: str = ""


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A task, the start or the end; `state` is empty for a task that has not begun."""

    id: str
    shape: Shape = Shape.TASK
    method: str = ""
    state: str = ""
    always_run: bool = False


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """A way from one node to another; `taken` when the run went it."""

    source: str
    target: str
    label: str = ""
    line: Line = Line.PLAIN
    taken: bool = False


@dataclass(frozen=True, slots=True)
class DrawnGraph:
    """A graph ready to be drawn; `of_run` tells whether states and taken ways mean anything."""

    title: str
    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    of_run: bool = False


def drawn_graph(
    parsed: "ParsedJob", outcomes: Mapping[str, Outcome] | None = None, title: str = ""
) -> DrawnGraph:
    """Return the graph of a definition, or with the outcomes by task that of a run."""
    of_run = outcomes is not None
    known = outcomes or {}
    names = [task.task_type for task in parsed.definition.tasks]
    start, end = _unused("__start__", names), _unused("__end__", names)
    tasks = [
        DrawnNode(
            id=task.task_type,
            method=str(task.method),
            state=known[task.task_type].state if task.task_type in known else "",
            always_run=task.always_run is True,
        )
        for task in parsed.definition.tasks
    ]
    edges = [DrawnEdge(start, name, taken=name in known) for name in parsed.start_tasks]
    for task in parsed.definition.tasks:
        edges += _ways_out(parsed, task, end, known)
    nodes = (DrawnNode(start, Shape.START), *tasks, DrawnNode(end, Shape.END))
    return DrawnGraph(title or parsed.definition.job_type, nodes, tuple(edges), of_run)


def _unused(name: str, names: list[str]) -> str:
    while name in names:
        name += "_"
    return name


def _ways_out(
    parsed: "ParsedJob", task: "TaskDefinition", end: str, outcomes: Mapping[str, Outcome]
) -> Iterator[DrawnEdge]:
    name = task.task_type
    routes = parsed.routes(name)
    labels = {route.label for route in routes}
    went = _went(outcomes.get(name), labels, allow_failure=task.allow_failure is True)
    alone = labels <= {_COMPLETED}
    for (target, _), same in _grouped(routes).items():
        label = "" if alone else ", ".join(same)
        edge_target, line, words = _way(name, target, same[0], end)
        taken = went in same and (edge_target in outcomes or edge_target == end)
        yield DrawnEdge(name, edge_target, f"{label} {words}".strip(), line, taken)
    joins = [join for join in parsed.dependents(name) if join not in {r.target for r in routes}]
    ended_well = went == _COMPLETED or (went in labels and went != _FAILED)
    for join in joins:
        yield DrawnEdge(name, join, "", Line.JOIN, ended_well and join in outcomes)
    if _COMPLETED not in labels and not joins:
        ends = bool(went) and went not in labels
        yield DrawnEdge(name, end, "" if alone else _COMPLETED, taken=ends)


def _grouped(routes: "Iterable[Route]") -> dict[tuple[str | None, str], list[str]]:
    """Join the exit codes that lead to the same place into one way."""
    groups: dict[tuple[str | None, str], list[str]] = {}
    for route in routes:
        kind = route.label if route.label in (_COMPLETED, _FAILED) else ""
        labels = groups.setdefault((route.target, kind), [])
        if route.label not in labels:
            labels.append(route.label)
    return groups


def _way(name: str, target: str | None, label: str, end: str) -> tuple[str, Line, str]:
    """Return where a route is drawn to, how, and what is said of its target."""
    if target is None:
        return end, Line.BY_TEMPLATE, "(by template)"
    if target in _LOOPS:
        return name, Line.REPEAT, target
    line = Line.FAILURE if label == _FAILED else Line.PLAIN
    return (end, line, target) if is_special(target) else (target, line, "")


def _went(outcome: Outcome | None, labels: set[str], *, allow_failure: bool) -> str:
    """Return the label of the way that an ended task went, "" while it goes on."""
    if outcome is None or outcome.state not in _ENDED:
        return ""
    if outcome.exit_code in labels:
        return outcome.exit_code
    if outcome.state == "FAILED" and not (allow_failure and _FAILED not in labels):
        return _FAILED
    return "" if outcome.state == "CANCELLED" else _COMPLETED
