"""How a job must end when nobody interferes: a second, simple reading of the language.

It walks the tasks one after the other and knows nothing of events, attempts in flight or time.
Where branches race and one of them ends the others, any order is right, and it says so.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.simulator.error_table import Row, row_for
from tests.simulator.outcomes import Outcomes
from tests.simulator.shapes import AGAIN, TARGETS, Shape, Task

_WELL = frozenset("CSA")


@dataclass(frozen=True)
class Expectation:
    """The end of a job; what is empty depends on who is faster, or as `why` says."""

    state: str
    marks: str
    why: str = ""


class _RestartsJobError(Exception):
    """A task has the job restarted."""


@dataclass
class _Reading:
    shape: Shape
    outcomes: Outcomes
    item: int
    rows: tuple[Row, ...]
    children: Mapping[str, str]
    marks: dict[str, str] = field(default_factory=dict)
    callers: dict[str, set[str]] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    first_code: str = ""
    restarts: int = 0
    granted: int = 0
    failed: bool = False
    fatal: bool = False
    stopped: bool = False
    raced: bool = False
    unsure_of_marks: bool = False
    unsure: str = ""
    todo: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks = self.shape.by_name()
        self.routed = self.shape.routed()

    def read(self) -> None:
        """Go through all executions, then what always runs."""
        first, retries = self.shape.starts(), 0
        while True:
            restarts = not self._walk(first)
            if self.unsure:
                return
            if restarts:
                self.restarts += 1
            elif self.failed and not self.fatal and retries < max(self.shape.retry, self.granted):
                retries += 1
            else:
                break
            first = self._next_execution(retries)
        self._finalize()

    def _walk(self, first: list[str]) -> bool:
        """Walk until nothing is left to do; False when the job restarts itself."""
        self.failed = self.fatal = self.stopped = self.raced = False
        self.granted = 0
        self.todo = list(first)
        while self.todo or self._begin_later():
            self.raced = self.raced or len(self.todo) > 1
            try:
                if self.todo:
                    self._run(self.tasks[self.todo.pop(0)])
            except _RestartsJobError:
                if self.raced or self.stopped:
                    self.unsure = "branches race for a restart"
                return False
            if self.stopped and not self.raced:
                return True
        self.unsure_of_marks = self.stopped
        return True

    def _begin_later(self) -> bool:
        """Give its turn to a task that a kept one has called, when all else ended, and well."""
        later = [name for name in self.tasks if self.marks.get(name) == "l"]
        if self.failed or not later:
            return False
        first = [n for n in later if not any(n in self._following([o]) for o in later if o != n)]
        self._begin(self.tasks[first[0]])
        return True

    def _next_execution(self, retries: int) -> list[str]:
        """Forget what is to run again; return where the next execution begins (0061)."""
        every = self.shape.hard_reset
        if every and (retries + self.restarts) % every == 0:
            self.marks, self.callers, self.first_code = {}, {}, ""
            return self.shape.starts()
        undone = [name for name in self.tasks if self.marks.get(name) in ("F", "l")]
        undone = [name for task in undone for name in (*self._broken_forks(task), task)]
        again = self._following(undone)
        self._check_kept_ways(again)
        kept = {name: self.callers.get(name, set()) - again for name in again}
        first = [
            name
            for name in dict.fromkeys(undone)
            if kept[name] or not any(name in self._following([o]) for o in undone if o != name)
        ]
        before = dict(self.marks)
        for name in again:
            self.marks.pop(name, None)
            self.callers[name] = kept[name]
        for name in again:
            waits = any(other in again for other in self.tasks[name].depends_on)
            if name in first:
                self.marks |= {name: "j"} if waits else {}
            elif kept[name] and name in before:
                self.marks[name] = "l" if self._is_joined(self.tasks[name]) else "j"
        return [name for name in first if name not in self.marks]

    def _broken_forks(self, name: str) -> list[str]:
        """Return the forks that begin again before a task that awaits them."""
        return [fork for fork in self.tasks[name].awaits if self.children[fork] != "COMPLETED"]

    def _check_kept_ways(self, again: set[str]) -> None:
        """Be unsure where a kept task may seem to have gone another way than it did.

        The engine keeps no exit codes, and reads the ways from what was called.
        """
        callers = Counter(self.shape.starts())
        for task in self.tasks.values():
            callers.update(set(task.routes()))
        for task in self.tasks.values():
            if task.name in again or self.marks.get(task.name) not in _WELL:
                continue
            ways = _ways(task, self.marks[task.name])
            went = {name for name in ways if task.name in self.callers.get(name, ())}
            seems = {name for name in ways if name in again and name in self.marks}
            if seems - went and not any(callers[name] == 1 for name in went):
                self.unsure = "which way a kept task went is not known to a restart"

    def _following(self, names: list[str]) -> set[str]:
        found: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.tasks[name].routes()
                todo += [t.name for t in self.shape.tasks if name in t.depends_on]
        return found

    def _run(self, task: Task) -> None:
        """Run a task until it has ended, and go where it leads."""
        failures = 0
        while True:
            code = self._code(task)
            target = task.on_exit_code.get(code) if task.is_script else None
            if target in self.tasks:
                return self._well(task, "C", [target or ""])
            if target == "COMPLETED" or (target is None and code in ("0", "SKIPPED")):
                return self._well(task, "S" if code == "SKIPPED" else "C", task.on_completed)
            if target in AGAIN:
                continue
            fatal = target == "FATAL" or "FATAL" in task.on_failed
            if target == "RESTART_JOB":
                return self._restart_job(task)
            row = Row("") if fatal or not task.is_script else self._row(task, code)
            if row.action == "SUSPEND_JOB":
                continue
            fatal = fatal or row.action == "HARD_FAILURE"
            if fatal or failures >= _tries(task, row):
                routes = [t for t in task.on_failed if t != "FATAL"]
                granted = row.tries if row.action == "RETRY_JOB" else 0
                return self._failed(task, routes, fatal=fatal, granted=granted)
            failures += 1

    def _restart_job(self, task: Task) -> None:
        if self.restarts < self.shape.max_restarts:
            self.marks[task.name] = "F"
            raise _RestartsJobError
        self._failed(task, [], fatal=True)

    def _row(self, task: Task, code: str) -> Row:
        return row_for(self.rows, self.shape.job_type, task.name, code) or Row("")

    def _well(self, task: Task, mark: str, routes: list[str]) -> None:
        self.marks[task.name] = mark
        self._call(task, routes)
        self._release_joins(task)

    def _failed(self, task: Task, routes: list[str], *, fatal: bool, granted: int = 0) -> None:
        if task.allow_failure:
            return self._well(task, "A", routes or task.on_completed)
        self.marks[task.name] = "F"
        self.failed = True
        self.fatal = self.fatal or fatal
        self.granted = max(self.granted, granted)
        self.stopped = self.stopped or (fatal and not routes)
        self._call(task, routes)
        return None

    def _call(self, task: Task, names: list[str]) -> None:
        for name in names:
            self.callers.setdefault(name, set()).add(task.name)
            if self.marks.get(name, "l") == "l" and name not in self.todo:
                self._begin(self.tasks[name])

    def _release_joins(self, task: Task) -> None:
        for join in self.shape.tasks:
            called = self.marks.get(join.name) == "j"
            untouched = self.marks.get(join.name, "l") == "l"
            alone = untouched and join.name not in self.routed
            if task.name in join.depends_on and (called or alone) and join.name not in self.todo:
                self._begin(join, alone=alone)

    def _begin(self, task: Task, *, alone: bool = False) -> None:
        if self._is_joined(task):
            self.marks.pop(task.name, None)
            self.todo.append(task.name)
        elif not alone:
            self.marks[task.name] = "j"

    def _is_joined(self, task: Task) -> bool:
        return all(self.marks.get(name) in _WELL for name in task.depends_on)

    def _code(self, task: Task) -> str:
        if task.method == "FORK_JOB":
            return "0"
        if task.method == "AWAIT_FORKED_JOB":
            return "1" if self._broken_forks(task.name) else "0"
        if task.skip and (".from_t0" not in task.skip or self.first_code == "0"):
            return "SKIPPED"
        tries = self.tries[task.name]
        code = self.outcomes.ending(self.shape, task, 1, tries, self.item).exit_code
        self.tries[task.name] += 1
        if task.name == "t0":
            self.first_code = code
        return code

    def _finalize(self) -> None:
        """Run what always runs; its failures and its routes change nothing any more."""
        for task in self.shape.tasks:
            wanted = task.always_run and (self.failed or task.name not in self.routed)
            if wanted and self.marks.get(task.name, "j") in "jl":
                self.marks[task.name] = self._clean_up(task)

    def _clean_up(self, task: Task) -> str:
        failures = 0
        while True:
            code = self._code(task)
            target = task.on_exit_code.get(code)
            if code == "SKIPPED":
                return "S"
            if target in self.tasks or target == "COMPLETED" or (target is None and code == "0"):
                return "C"
            if target in ("EXECUTING", "RESTART_TASK"):
                continue
            fatal = target == "FATAL" or "FATAL" in task.on_failed
            row = Row("") if fatal else self._row(task, code)
            cannot = target in ("PAUSE_JOB", "RESTART_JOB")
            cannot = cannot or row.action in ("SUSPEND_JOB", "HARD_FAILURE")
            if fatal or cannot or failures >= _tries(task, row):
                return "A" if task.allow_failure else "F"
            failures += 1


def _ways(task: Task, mark: str) -> set[str]:
    """Return all that a task which ended with a mark may have led to."""
    if mark == "A":
        return set(task.on_failed) - {"FATAL"} or set(task.on_completed)
    codes = task.on_exit_code.values() if mark == "C" else ()
    return {*task.on_completed, *(target for target in codes if target not in TARGETS)}


def _tries(task: Task, row: Row) -> int:
    """Return how often a task is tried again, by itself and by the table of error codes."""
    if row.action == "RETRY_JOB":
        return 0
    return max(task.retry, row.tries if row.action == "RETRY_TASK" else 0)


def expect(
    shape: Shape,
    outcomes: Outcomes,
    children: Mapping[str, str],
    rows: Iterable[Row] = (),
    item: int = -1,
) -> Expectation:
    """Return how a steady job must end, given how the children of its forks do.

    `item` is its place among the children of a fork task, below 0 when it is none of many.
    """
    if shape.skip:
        return Expectation("COMPLETED", "." * len(shape.tasks))
    if not all(children.values()):
        return Expectation("", "", "how a child ends is not known")
    reading = _Reading(shape, outcomes, item, tuple(rows), children)
    reading.read()
    if reading.unsure:
        return Expectation("", "", reading.unsure)
    marks = "".join(reading.marks.get(task.name, ".") for task in shape.tasks)
    state = "FAILED" if reading.failed else "COMPLETED"
    return Expectation(state, "" if reading.unsure_of_marks else marks)
