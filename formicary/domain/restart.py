"""Restarting a run that has ended: what is kept, what runs again, and where the walk begins."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from formicary.domain.job_graph import JobGraph, TaskNode
from formicary.domain.job_run import JobRun, Phase, execution_id
from formicary.domain.routing import is_special
from formicary.domain.states import ChildMark, RequestState, TaskMark, TaskMethod

_UNFINISHED = frozenset({TaskMark.FAILED, TaskMark.CANCELLED, TaskMark.ACTIVE})
_BROKEN_CHILD = frozenset({ChildMark.FAILED, ChildMark.CANCELLED})


def restarted(
    run: JobRun, graph: JobGraph, now: datetime, hard: bool
) -> tuple[JobRun, Sequence[str]]:
    """Return the run at the beginning of its next execution, and the tasks to begin with.

    Completed tasks are kept unless `hard`; what failed or was cancelled runs again with all that
    follows it, and every `always_run` task may run again.
    """
    frontier = list(graph.start_tasks) if hard else _frontier(run, graph)
    again = _reachable(graph, frontier)
    if hard:
        again.update(range(graph.size))
    again.update(graph.index(name) for name in graph.always_run_tasks)
    number = run.retried + 1
    marks = "".join(TaskMark.NOT_RUN if i in again else m for i, m in enumerate(run.marks))
    fresh = run.evolve(
        execution_id=execution_id(run.created_at, run.request_id, number),
        last_execution_id=run.execution_id,
        retried=number,
        state=RequestState.PENDING,
        phase=Phase.WAITING,
        marks=marks,
        active={},
        outbox=(),
        context={} if hard else run.context,
        outcome=None,
        failure=None,
        exit_code="",
        error_code="",
        error_message="",
        started_at=now,
        ended_at=None,
    )
    return fresh, frontier


def _frontier(run: JobRun, graph: JobGraph) -> list[str]:
    tasks: dict[str, None] = {}
    for index, letter in enumerate(run.marks):
        node = graph.node(graph.name(index)) if letter in _UNFINISHED else None
        if node is not None and not _is_finalizer(run, node):
            for name in _where_to_begin(run, graph, node):
                tasks[name] = None
    for name in graph.start_tasks:
        if run.mark(graph.index(name)) is TaskMark.NOT_RUN:
            tasks[name] = None
    return list(tasks)


def _is_finalizer(run: JobRun, node: TaskNode) -> bool:
    ended_the_job = run.failure is not None and run.failure.task_type == node.task_type
    return node.always_run and not ended_the_job


def _where_to_begin(run: JobRun, graph: JobGraph, node: TaskNode) -> Iterable[str]:
    """Forks whose children did not complete begin again in place of the task that awaits them."""
    if node.method is not TaskMethod.AWAIT_FORKED_JOB:
        return (node.task_type,)
    broken = [n for n in node.await_forked_tasks if run.child(graph.index(n)) in _BROKEN_CHILD]
    return broken or (node.task_type,)


def _reachable(graph: JobGraph, frontier: Iterable[str]) -> set[int]:
    seen: set[int] = set()
    todo = list(frontier)
    while todo:
        node = graph.node(todo.pop())
        if node.index not in seen:
            seen.add(node.index)
            routes = (*node.exit_routes.values(), *node.on_completed, *node.on_failed)
            todo.extend(name for name in routes if not is_special(name) and graph.has(name))
    return seen
