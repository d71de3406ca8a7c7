"""The ways that a run can go through a graph, by the same routing that the engine follows.

A failure that no route awaits is no way of its own: the job ends there, whatever the task.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from formicary.domain.events import TaskFinished
from formicary.domain.job_graph import JobGraph, TaskNode
from formicary.domain.routing import Resolution, Verdict, resolve
from formicary.domain.states import ErrorCode, RequestState

COMPLETED, FAILED, SKIPPED, ALWAYS = "completed", "failed", "skipped", "always"
_AGAIN = frozenset({Verdict.POLL, Verdict.RESTART})


@dataclass(frozen=True, slots=True)
class Step:
    """A task on a path and how it ends there: completed, failed, skipped, or its exit codes."""

    task: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Path:
    """Tasks in the order they begin, and how the job ends; an error code where one is declared."""

    steps: tuple[Step, ...]
    end: str
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk stands: the tasks to come, and the steps so far as a chain back to the start.

    `seen` is kept since the ways have parted: a task where they meet runs once.
    """

    pending: tuple[str, ...]
    steps: tuple[Any, ...] | None = None
    seen: frozenset[str] | None = None
    end: str = ""
    error_code: str = ""


def paths(graph: JobGraph) -> Iterator[Path]:
    """Yield the paths, those without failures and exit codes first; there can be very many."""
    places = [_Place(tuple(graph.start_tasks))]
    while places:
        place = places.pop()
        if not place.pending:
            yield _ended(graph, place)
            continue
        name, *rest = place.pending
        following = [_moved(place, name, rest, way) for way in _ways(graph.node(name))]
        places += reversed(following)


def _ways(node: TaskNode) -> Iterator[tuple[str, Resolution]]:
    """Yield the declared outcomes of a task; those that only run it again are left out."""
    if node.skipped:
        yield SKIPPED, resolve(node, _finished(node, RequestState.COMPLETED))
        return
    by_meaning: dict[tuple[Any, ...], tuple[list[str], Resolution]] = {}
    for label, event in _events(node):
        resolution = resolve(node, event)
        if resolution.verdict in _AGAIN:
            continue
        meaning = (label in (COMPLETED, FAILED) and label, resolution.verdict, resolution.routes)
        codes, _ = by_meaning.setdefault((*meaning, resolution.error_code), ([], resolution))
        codes.append(label)
    for codes, resolution in by_meaning.values():
        yield ", ".join(codes), resolution


def _events(node: TaskNode) -> Iterator[tuple[str, TaskFinished]]:
    yield COMPLETED, _finished(node, RequestState.COMPLETED)
    for code in node.exit_routes:
        yield code, _finished(node, RequestState.FAILED, code)
    if node.on_failed:
        yield FAILED, _finished(node, RequestState.FAILED)


def _finished(node: TaskNode, status: RequestState, exit_code: str = "") -> TaskFinished:
    return TaskFinished(node.task_type, 1, status, exit_code)


def _moved(place: _Place, name: str, rest: list[str], way: tuple[str, Resolution]) -> _Place:
    outcome, resolution = way
    steps = (Step(name, outcome), place.steps)
    end, error_code = place.end, place.error_code
    if resolution.verdict is Verdict.FAILED:
        end, error_code = str(RequestState.FAILED), error_code or _declared(resolution)
    elif resolution.verdict is not Verdict.COMPLETED:
        return replace(place, pending=(), steps=steps, end=resolution.verdict.upper())
    if resolution.verdict is Verdict.FAILED and not resolution.routes:
        return replace(place, pending=(), steps=steps, end=end, error_code=error_code)
    parted = place.seen is not None or len(rest) + len(resolution.routes) > 1
    seen = (place.seen or frozenset()) | {name} if parted else None
    known = {*rest, *(seen or ())}
    new = [target for target in dict.fromkeys(resolution.routes) if target not in known]
    return _Place((*rest, *new), steps, seen, end, error_code)


def _declared(resolution: Resolution) -> str:
    """Return the error code that a route names; what the task itself would tell is not known."""
    return "" if resolution.error_code == ErrorCode.TASK_EXECUTE else resolution.error_code


def _ended(graph: JobGraph, place: _Place) -> Path:
    steps: list[Step] = []
    chain = place.steps
    while chain is not None:
        step, chain = chain
        steps.append(step)
    steps.reverse()
    gone = {step.task for step in steps}
    last: Iterable[str] = graph.unrouted_always_run_tasks
    if place.end:
        last = graph.always_run_tasks
    steps += (Step(name, ALWAYS) for name in last if name not in gone)
    return Path(tuple(steps), place.end or str(RequestState.COMPLETED), place.error_code)
