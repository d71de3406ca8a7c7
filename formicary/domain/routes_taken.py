"""Where tasks that ended well led to, as far as the marks of a run tell.

A run does not keep the exit codes of its tasks. But what a route leads to is marked from then on:
so a task has not gone the way to one that nobody has called, and it has gone the way to one that
was called and that no other task leads to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from formicary.domain.job_graph import JobGraph, TaskNode
from formicary.domain.job_run import JobRun
from formicary.domain.routing import is_special
from formicary.domain.states import SKIPPED_EXIT_CODE, TaskMark
from formicary.domain.turns import WELL


class RoutesTaken:
    """Tells which tasks were called by one that ended well.

    Where the marks leave several ways open, all count: rather a task that runs too early than one
    that is lost.
    """

    def __init__(self, run: JobRun, graph: JobGraph) -> None:
        """Count how many tasks lead to each."""
        self._run, self._graph = run, graph
        self._callers: Counter[int] = Counter(graph.index(name) for name in graph.start_tasks)
        for index in range(graph.size):
            node = graph.node(graph.name(index))
            names = (*node.exit_routes.values(), *node.on_completed, *node.on_failed)
            self._callers.update(self._places(names))

    def of(self, node: TaskNode) -> frozenset[int]:
        """Return the places that a task which ended well has led to."""
        ways = [self._called(way) for way in _ways(node, self._run.mark(node.index))]
        certain = [way for way in ways if any(self._callers[place] == 1 for place in way)]
        return frozenset().union(*(certain or ways))

    def led_nowhere(self, node: TaskNode) -> bool:
        """Whether a task that ended well has led to nothing, though it has somewhere to lead to.

        So it is with one that ran when the walk was over.
        """
        joins = map(self._graph.node, self._graph.dependents(node.task_type))
        released = [join.task_type for join in joins if not join.routed and self._is_joined(join)]
        onward = next(iter(_ways(node, self._run.mark(node.index))))
        names = (*onward, *released)
        return bool(self._places(names)) and not (self._called(names) or self.of(node))

    def _is_joined(self, join: TaskNode) -> bool:
        return all(self._run.mark(self._graph.index(name)) in WELL for name in join.depends_on)

    def _called(self, names: Iterable[str]) -> set[int]:
        marks = self._run.marks
        return {place for place in self._places(names) if marks[place] != TaskMark.NOT_RUN}

    def _places(self, names: Iterable[str]) -> set[int]:
        graph = self._graph
        return {graph.index(name) for name in names if not is_special(name) and graph.has(name)}


def _ways(node: TaskNode, mark: TaskMark) -> Iterator[Iterable[str]]:
    """Yield the targets that a task with that mark may have called, each way for itself."""
    if mark is TaskMark.ALLOWED:
        yield [name for name in node.on_failed if not is_special(name)] or node.on_completed
    elif mark is TaskMark.SKIPPED:
        target = node.exit_routes.get(SKIPPED_EXIT_CODE, "")
        yield node.on_completed if not target or is_special(target) else (target,)
    else:
        yield node.on_completed
        for target in dict.fromkeys(node.exit_routes.values()):
            yield (target,)
