"""Checks the graph of a job: routes that lead nowhere, starts, unreachable tasks, cycles."""

from collections.abc import Iterator, Mapping
from itertools import islice

from formicary.domain.document_scopes import exclusive
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault, did_you_mean, nearest
from formicary.domain.following import Following
from formicary.domain.states import Target
from formicary.domain.validation_routes import Route, TaskEntry, task_names

Dependents = dict[str, tuple[str, ...]]
# Guessing what a word means takes a look at all names: the first of many faults get it.
_MAX_GUESSES = 20
_TARGET_WORDS = [target.value for target in Target]


class TaskGraph:
    """The tasks by name and which can follow which."""

    def __init__(self, tasks: Mapping[str, TaskEntry], always_run: frozenset[str]) -> None:
        """Take the tasks in declaration order and the names of those that always run."""
        self.tasks = tasks
        self.always_run = always_run
        self.dependents = _dependents(tasks)
        routes: dict[str, list[str]] = {
            name: [r.target for r in task.routes if r.target in tasks]  # type: ignore[misc]
            for name, task in tasks.items()
        }
        self.edges: dict[str, list[str]] = {
            name: list(dict.fromkeys((*targets, *self.dependents.get(name, ()))))
            for name, targets in routes.items()
        }
        self.open_ended = any(r.target is None for task in tasks.values() for r in task.routes)
        self.routed = frozenset(
            target for name, targets in routes.items() for target in targets if target != name
        )
        self.starts = self._starts()
        self._following = Following(self.edges)
        self._guesses = 0
        lost = (route.target or "" for _, route in self._lost_routes())
        # What misspelt routes mean: such tasks are not called unreachable on top of it.
        self._meant = {nearest(word, tasks) for word in islice(lost, _MAX_GUESSES)} - {""}

    def _lost_routes(self) -> Iterator[tuple[TaskEntry, Route]]:
        for task in self.tasks.values():
            for route in task.routes:
                if route.to_task and route.target not in self.tasks:
                    yield task, route

    def guess(self, word: str, *more: str) -> str:
        """Suggest a task, or one of more words, for a misspelt one; of many, only the first."""
        self._guesses += 1
        return did_you_mean(word, (*self.tasks, *more)) if self._guesses <= _MAX_GUESSES else ""

    def _starts(self) -> tuple[str, ...]:
        unrouted = [
            name for name, task in self.tasks.items() if name not in self.routed and not task.joins
        ]
        ordinary = [name for name in unrouted if name not in self.always_run]
        # A templated route may lead to any of the others.
        if self.open_ended:
            ordinary = [n for n in ordinary if n == ordinary[0] or self._is_parallel(n)]
        return tuple(ordinary or unrouted[:1])

    def _is_parallel(self, name: str) -> bool:
        """Whether a task is meant to start beside others: named in, or with, a `depends_on`."""
        return name in self.dependents or bool(self.tasks[name].node.all("depends_on"))

    @property
    def unrouted_always_run(self) -> tuple[str, ...]:
        """The tasks that run last, whatever happened, unless they have run: routed to by nobody."""
        return tuple(
            name for name in self.tasks if name in self.always_run and name not in self.routed
        )

    def reachable(self, *names: str) -> set[str]:
        """Return these tasks and all that can follow them."""
        found, pending = set(names), list(names)
        while pending:
            for following in self.edges[pending.pop()]:
                if following not in found:
                    found.add(following)
                    pending.append(following)
        return found

    def can_follow(self, name: str, earlier: str) -> bool:
        """Whether a task can run some time after another."""
        return self._following.can_follow(name, earlier)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the graph."""
        yield from self._routes_to_nowhere()
        cycles = list(self._cycles())
        yield from (self._cycle_fault(cycle) for cycle in cycles)
        yield from self._start_faults(bool(cycles))
        if not self.open_ended:
            yield from self._unreachable(bool(cycles))

    def _routes_to_nowhere(self) -> Iterator[Fault]:
        for task, route in self._lost_routes():
            mend = self.guess(route.target or "", *_TARGET_WORDS)
            yield Fault(
                FaultCode.ROUTING_TO_NOWHERE,
                f'task "{task.name}": {route.field} leads to "{route.target}", which no task has',
                mend or "name a task of this job, or one of " + ", ".join(_TARGET_WORDS),
                route.line,
                route.column,
                f"tasks[{task.index}].{route.field}",
            )

    def _start_faults(self, cyclic: bool) -> Iterator[Fault]:
        if not self.starts and self.tasks and not cyclic:
            yield Fault(
                FaultCode.NO_START, "no task can be the first", "let one be routed to by nobody"
            )
        first, *others = self.starts or ("",)
        for name in others:
            task = self.tasks[name]
            apart = exclusive(self.tasks[first].variants[0][1], task.variants[0][1])
            if name in self._meant or apart or self._is_parallel(name):
                continue
            yield Fault(
                FaultCode.SEVERAL_STARTS,
                f'no route leads to task "{name}", and the job already starts with "{first}"',
                f'let a task lead to "{name}", set always_run: true to run it last, or '
                "`depends_on: []` to start it beside the first",
                *task.place("task_type"),
                f"tasks[{task.index}]",
            )

    def _unreachable(self, cyclic: bool) -> Iterator[Fault]:
        if cyclic or not self.starts:
            return
        for name in self.tasks.keys() - self._known_reachable():
            task = self.tasks[name]
            yield Fault(
                FaultCode.UNREACHABLE_TASK,
                f'task "{name}" cannot be reached from the start',
                "let a task that can be reached lead to it",
                *task.place("task_type"),
                f"tasks[{task.index}]",
            )

    def _known_reachable(self) -> set[str]:
        return self.reachable(*self.starts, *self.unrouted_always_run, *self._meant)

    def _cycle_fault(self, cycle: list[str]) -> Fault:
        last, first = cycle[-2], cycle[-1]
        task = self.tasks[last]
        route = next((route for route in task.routes if route.target == first), None)
        mend = "use EXECUTING to poll, or RESTART_TASK or RESTART_JOB to go back"
        if route is not None:
            place = (route.line, route.column, f"tasks[{task.index}].{route.field}")
        else:
            join = self.tasks[first]
            scalar = next(s for s in join.joins if last in task_names(s, self.tasks))
            place = (scalar.line, scalar.column, f"tasks[{join.index}].depends_on")
            mend = "let it depend on tasks that do not follow it"
        message = f"tasks lead in a circle: {' -> '.join(cycle)}"
        return Fault(FaultCode.CYCLE, message, mend, *place)

    def _cycles(self) -> Iterator[list[str]]:
        """Walk depth first without recursion; each way back to a task on the way is a cycle."""
        done: set[str] = set()
        for root in self.tasks:
            if root in done:
                continue
            way = [root]
            on_way = {root: 0}
            branches = [iter(self.edges[root])]
            while branches:
                following = next(branches[-1], None)
                if following is None:
                    branches.pop()
                    finished = way.pop()
                    del on_way[finished]
                    done.add(finished)
                elif following in on_way:
                    yield [*way[on_way[following] :], following]
                elif following not in done:
                    on_way[following] = len(way)
                    way.append(following)
                    branches.append(iter(self.edges[following]))


def _dependents(tasks: Mapping[str, TaskEntry]) -> Dependents:
    """Return by task those that name it in `depends_on`, in declaration order."""
    found: dict[str, dict[str, None]] = {}
    for name, task in tasks.items():
        for scalar in task.joins:
            for needed in task_names(scalar, tasks):
                found.setdefault(needed, {})[name] = None
    return {needed: tuple(names) for needed, names in found.items() if needed in tasks}
