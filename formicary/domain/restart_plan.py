"""Which tasks a restart runs again, and in which order they may begin."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from formicary.domain.job_graph import JobGraph, TaskNode
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.routes_taken import RoutesTaken
from formicary.domain.routing import is_special
from formicary.domain.states import ChildMark, TaskMark, TaskMethod

_UNFINISHED = frozenset(
    {TaskMark.FAILED, TaskMark.CANCELLED, TaskMark.ACTIVE, TaskMark.QUEUED, TaskMark.LATER}
)
_COMPLETED = frozenset({TaskMark.COMPLETED, TaskMark.SKIPPED, TaskMark.ALLOWED})
_BROKEN_CHILD = frozenset({ChildMark.FAILED, ChildMark.CANCELLED})


@dataclass(frozen=True)
class RestartPlan:
    """Tasks by place that run `again`; those that begin `first`, and those that begin `later`.

    `called` are the places of tasks that a kept, completed task led to.
    """

    again: frozenset[int]
    first: tuple[str, ...]
    later: tuple[str, ...] = ()
    called: frozenset[int] = field(default_factory=frozenset)

    def was_called(self, index: int) -> bool:
        """Whether the turn of the task at that place has come by what is kept."""
        return index in self.called

    def begins_with(self, graph: JobGraph, node: TaskNode) -> bool:
        """Whether a task begins, and nothing that runs again comes before it."""
        if node.task_type not in self.first or self.awaits_what_runs_again(graph, node):
            return False
        others = [name for name in (*self.first, *self.later) if name != node.task_type]
        return node.index not in reachable(graph, others)

    def awaits_what_runs_again(self, graph: JobGraph, node: TaskNode) -> bool:
        """Whether a task depends on one that runs again, and so has to wait for it."""
        return any(graph.index(name) in self.again for name in node.depends_on)


def plan_of(run: JobRun, graph: JobGraph, *, hard: bool, from_task: str) -> RestartPlan:
    """Plan the next execution of a run."""
    if hard:
        return RestartPlan(frozenset(range(graph.size)), tuple(graph.start_tasks))
    unfinished = list(dict.fromkeys(_unfinished(run, graph)))
    if from_task:
        target = graph.index(from_task)
        aside = [n for n in unfinished if target not in reachable(graph, [n])]
        unfinished = [from_task, *aside]
    behind = reachable(graph, unfinished)
    repeated = [name for name in _repeatable(run, graph) if graph.index(name) not in behind]
    not_kept = behind | {graph.index(name) for name in repeated}
    called = _called(run, graph, not_kept)
    roots = _without_followers(graph, unfinished, called)
    again = reachable(graph, roots)
    later = _behind(graph, [*repeated, *roots], repeated)
    first = [name for name in [*repeated, *roots] if name not in later]
    return RestartPlan(
        frozenset(again | {graph.index(name) for name in repeated}),
        tuple(first),
        tuple(later),
        called,
    )


def reachable(graph: JobGraph, names: Iterable[str]) -> set[int]:
    """Return the places of these tasks and of all that can follow them."""
    seen: set[int] = set()
    todo = list(names)
    while todo:
        node = graph.node(todo.pop())
        if node.index not in seen:
            seen.add(node.index)
            todo.extend(_followers(graph, node))
    return seen


def _followers(graph: JobGraph, node: TaskNode) -> Iterator[str]:
    for name in (*node.exit_routes.values(), *node.on_completed, *node.on_failed):
        if not is_special(name) and graph.has(name):
            yield name
    yield from graph.dependents(node.task_type)


def _unfinished(run: JobRun, graph: JobGraph) -> Iterator[str]:
    starts = frozenset(graph.start_tasks)
    for index, letter in enumerate(run.marks):
        if letter in _UNFINISHED:
            node = graph.node(graph.name(index))
            if node.task_type in starts or not _is_finalizer(run, node):
                yield from _where_to_begin(run, graph, node)
    for name in graph.start_tasks:
        never = run.mark(graph.index(name)) is TaskMark.NOT_RUN
        if never or _only_cleaned_up(run, graph, graph.node(name)):
            yield name


def _is_finalizer(run: JobRun, node: TaskNode) -> bool:
    ended_the_job = run.failure is not None and run.failure.task_type == node.task_type
    return node.always_run and run.phase is Phase.ENDED and not ended_the_job


def _only_cleaned_up(run: JobRun, graph: JobGraph, node: TaskNode) -> bool:
    """Whether a start ran when a walk was over that had not begun with it: it has led nowhere."""
    if not node.always_run or run.phase is not Phase.ENDED:
        return False
    return run.mark(node.index) in _COMPLETED and RoutesTaken(run, graph).led_nowhere(node)


def _where_to_begin(run: JobRun, graph: JobGraph, node: TaskNode) -> Iterable[str]:
    """Forks whose children did not complete begin again before the task that awaits them."""
    if node.method is not TaskMethod.AWAIT_FORKED_JOB:
        return (node.task_type,)
    known = filter(graph.has, node.await_forked_tasks)
    broken = [name for name in known if run.child(graph.index(name)) in _BROKEN_CHILD]
    return (*broken, node.task_type)


def _called(run: JobRun, graph: JobGraph, again: set[int]) -> frozenset[int]:
    called: set[int] = set()
    taken = RoutesTaken(run, graph)
    for index, letter in enumerate(run.marks):
        if letter in _COMPLETED and index not in again:
            called.update(taken.of(graph.node(graph.name(index))))
    return frozenset(called)


def _without_followers(graph: JobGraph, names: Iterable[str], called: frozenset[int]) -> list[str]:
    """Leave out what follows another one, unless something that is kept leads to it as well."""
    names = list(names)
    behind = _behind(graph, names, names)
    return [name for name in names if name not in behind or graph.index(name) in called]


def _behind(graph: JobGraph, names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return those of `names` that can follow one of `others`."""
    follow: dict[str, set[int]] = {other: reachable(graph, [other]) for other in others}
    return [
        name
        for name in names
        if any(other != name and graph.index(name) in places for other, places in follow.items())
    ]


def resumed_forks(run: JobRun, graph: JobGraph, plan: RestartPlan) -> Iterator[int]:
    """Yield the places of fork tasks that go on for the items whose children did not complete.

    That takes the items as they were, so nothing that they were made of may run again; and an end
    of every child, so that nobody changes his mind about which completed.
    """
    for index, fan in run.fans.items():
        node = graph.node(graph.name(index))
        broken = run.child(index) in _BROKEN_CHILD and fan.all_ended and fan.listing
        if broken and plan.begins_with(graph, node) and not node.allow_start_if_completed:
            yield index


def _repeatable(run: JobRun, graph: JobGraph) -> Iterator[str]:
    for index, letter in enumerate(run.marks):
        if letter in _COMPLETED:
            node = graph.node(graph.name(index))
            if node.allow_start_if_completed and not (node.always_run and not node.routed):
                yield node.task_type
