"""The graph of a run as text: one line a task in walking order, and where each route led."""

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from formicary.entrypoints.cli.output import STATE_STYLES, cell, elapsed

Json = Mapping[str, Any]
_GLYPHS = {"COMPLETED": "✔", "FAILED": "✗", "CANCELLED": "■", "EXECUTING": "▶", "READY": "◷"}
_NOT_RUN = "·"


@dataclass(frozen=True, slots=True)
class Route:
    """A way out of a task; `taken` when the run went it."""

    label: str
    target: str
    taken: bool


def graph_text(tasks: Sequence[Json], executions: Mapping[str, Json]) -> Table:
    """Draw the tasks of a definition with the executions (by task type) of a run."""
    ordered = in_walking_order(tasks)
    drawn = Table.grid(padding=(0, 2, 0, 0))
    for place, task in enumerate(ordered):
        following = ordered[place + 1]["task_type"] if place + 1 < len(ordered) else ""
        routes = [r for r in routes_of(task, executions) if r.target != following]
        if len(routes) != len(list(_ways_out(task))) and routes:
            routes = list(routes_of(task, executions))
        _draw(drawn, task, executions.get(task["task_type"], {}), routes, _rails(place, ordered))
    return drawn


def in_walking_order(tasks: Sequence[Json]) -> list[Json]:
    """Return the tasks so that every route leads downwards, else as they were declared."""
    place = {task["task_type"]: index for index, task in enumerate(tasks)}
    following = [
        [place[target] for _, target in _ways_out(task) if target in place] for task in tasks
    ]
    for index, task in enumerate(tasks):
        for needed in _needed(task):
            if needed in place:
                following[place[needed]].append(index)
    waits = [0] * len(tasks)
    for target in itertools.chain.from_iterable(following):
        waits[target] += 1
    ready = [index for index, count in enumerate(waits) if count == 0]
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for target in following[index]:
            waits[target] -= 1
            if waits[target] == 0:
                heapq.heappush(ready, target)
    order += [index for index in range(len(tasks)) if index not in set(order)]
    return [tasks[index] for index in order]


def routes_of(task: Json, executions: Mapping[str, Json]) -> Iterator[Route]:
    """Yield the ways out of a task."""
    done = executions.get(task["task_type"], {})
    ways = list(_ways_out(task))
    labels = {label for label, _ in ways}
    exit_code, state = str(done.get("exit_code") or ""), str(done.get("task_state") or "")
    if state == "FAILED" and state not in labels and task.get("allow_failure"):
        state = "COMPLETED"
    went = exit_code if exit_code in labels else state
    for label, target in ways:
        yield Route(label, target, taken=label == went)


def _ways_out(task: Json) -> Iterator[tuple[str, str]]:
    routes = {str(label): targets for label, targets in (task.get("on_exit_code") or {}).items()}
    for label, field in (("COMPLETED", "on_completed"), ("FAILED", "on_failed")):
        routes.setdefault(label, task.get(field) or ())
    for label, targets in routes.items():
        for target in [targets] if isinstance(targets, str) else targets:
            yield label, str(target)


def _needed(task: Json) -> list[str]:
    needed = task.get("depends_on") or ()
    return [needed] if isinstance(needed, str) else [str(name) for name in needed]


def _rails(place: int, ordered: Sequence[Json]) -> tuple[str, str]:
    last = place == len(ordered) - 1
    if len(ordered) == 1:
        return "─", " "
    first_line = "┌" if place == 0 else "└" if last else "├"
    return first_line, " " if last else "│"


def _draw(
    drawn: Table, task: Json, done: Json, routes: Sequence[Route], rails: tuple[str, str]
) -> None:
    state = str(done.get("task_state") or "")
    style = STATE_STYLES.get(state, "" if state else "dim")
    name = cell(f"{rails[0]} {_GLYPHS.get(state, _NOT_RUN)} {task['task_type']}", style)
    ways = [_route_text(route) for route in routes] or [Text()]
    told = (state or "not run") + _aside(task, state)
    drawn.add_row(name, cell(told, style), _exit(done), elapsed(done), _where(done), ways[0])
    for way in ways[1:]:
        drawn.add_row(cell(rails[1]), "", "", "", "", way)


def _aside(task: Json, state: str) -> str:
    if state == "FAILED" and task.get("allow_failure"):
        return " (allowed)"
    needed = f" (after {', '.join(_needed(task))})" if _needed(task) and not state else ""
    return needed or (" (always runs)" if task.get("always_run") else "")


def _exit(done: Json) -> Text:
    code, attempts = str(done.get("exit_code") or ""), len(done.get("attempts") or ())
    told = [f"exit {code}"] if code and code not in {"0", "COMPLETED", "FAILED"} else []
    if attempts > 1:
        told.append(f"{attempts} attempts")
    return cell(", ".join(told))


def _where(done: Json) -> Text:
    child = done.get("forked_job_id")
    return cell(f"run {child}" if child else done.get("ant_id") or "", "dim")


def _route_text(route: Route) -> Text:
    arrow, style = ("▶", "bold") if route.taken else ("▷", "dim")
    return cell(f"{arrow} {route.label}: {route.target}", style)


def definition_text(tasks: Sequence[Json]) -> Table:
    """Draw the tasks of a definition: method and where each leads."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    ordered = in_walking_order(tasks)
    for place, task in enumerate(ordered):
        rails = _rails(place, ordered)
        ways = [cell(f"▷ {label}: {target}") for label, target in _ways_out(task)] or [Text()]
        name = cell(f"{rails[0]} {task['task_type']}", "bold")
        drawn.add_row(name, cell(f"{task.get('method') or ''}{_aside(task, '')}"), ways[0])
        for way in ways[1:]:
            drawn.add_row(cell(rails[1]), "", way)
    return drawn
