"""How a job must end when nobody interferes: a second, simple reading of the language.

It walks the tasks one after the other and knows nothing of events, attempts in flight or time.
Where branches race and one of them ends the others, any order is right, and it says so.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.simulator.outcomes import Outcomes
from tests.simulator.shapes import AGAIN, Shape, Task

_WELL = frozenset("CSA")


@dataclass(frozen=True)
class Expectation:
    """The end of a job; what is empty depends on who is faster."""

    state: str
    marks: str


class _RestartsJobError(Exception):
    """A task has the job restarted."""


@dataclass
class _Reading:
    shape: Shape
    outcomes: Outcomes
    child: str
    marks: dict[str, str] = field(default_factory=dict)
    callers: dict[str, set[str]] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    first_code: str = ""
    restarts: int = 0
    failed: bool = False
    fatal: bool = False
    stopped: bool = False
    raced: bool = False
    unsure_of_marks: bool = False
    unsure: bool = False
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
            elif self.failed and not self.fatal and retries < self.shape.retry:
                retries += 1
            else:
                break
            first = self._next_execution(retries)
        self._finalize()

    def _walk(self, first: list[str]) -> bool:
        """Walk until nothing is left to do; False when the job restarts itself."""
        self.failed = self.fatal = self.stopped = self.raced = False
        self.todo = list(first)
        while self.todo:
            self.raced = self.raced or len(self.todo) > 1
            try:
                self._run(self.tasks[self.todo.pop(0)])
            except _RestartsJobError:
                self.unsure = self.raced or self.stopped
                return False
            if self.stopped and not self.raced:
                return True
        self.unsure_of_marks = self.stopped
        return True

    def _next_execution(self, retries: int) -> list[str]:
        """Forget what is to run again; return where the next execution begins."""
        every = self.shape.hard_reset
        if every and (retries + self.restarts) % every == 0:
            self.marks, self.callers, self.first_code = {}, {}, ""
            return self.shape.starts()
        failed = [name for name in self.marks if self.marks[name] == "F"]
        failed += [
            f for name in failed for f in self.tasks[name].awaits if self.child != "COMPLETED"
        ]
        again = self._following(failed)
        for name in again:
            kept = {caller for caller in self.callers.get(name, set()) if caller not in again}
            self.callers[name] = kept
            if self.marks.get(name) != "j" or not kept:
                self.marks.pop(name, None)
        return [
            name
            for name in dict.fromkeys(failed)
            if self.callers.get(name)
            or not any(name in self._following([o]) for o in failed if o != name)
        ]

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
            target = task.on_exit_code.get(code) if task.method == "SHELL" else None
            if target in self.tasks:
                return self._well(task, "C", [target or ""])
            if target == "COMPLETED" or (target is None and code in ("0", "SKIPPED")):
                return self._well(task, "S" if code == "SKIPPED" else "C", task.on_completed)
            if target in AGAIN:
                continue
            fatal = target == "FATAL" or "FATAL" in task.on_failed
            if target == "RESTART_JOB":
                if self.restarts < self.shape.max_restarts:
                    self.marks[task.name] = "F"
                    raise _RestartsJobError
                return self._failed(task, [], fatal=True)
            if fatal or failures >= task.retry:
                return self._failed(task, [t for t in task.on_failed if t != "FATAL"], fatal=fatal)
            failures += 1

    def _well(self, task: Task, mark: str, routes: list[str]) -> None:
        self.marks[task.name] = mark
        self._call(task, routes)
        self._release_joins(task)

    def _failed(self, task: Task, routes: list[str], *, fatal: bool) -> None:
        if task.allow_failure:
            return self._well(task, "A", routes or task.on_completed)
        self.marks[task.name] = "F"
        self.failed = True
        self.fatal = self.fatal or fatal
        self.stopped = self.stopped or (fatal and not routes)
        self._call(task, routes)
        return None

    def _call(self, task: Task, names: list[str]) -> None:
        for name in names:
            self.callers.setdefault(name, set()).add(task.name)
            if name not in self.marks and name not in self.todo:
                self._begin(self.tasks[name])

    def _release_joins(self, task: Task) -> None:
        for join in self.shape.tasks:
            called = self.marks.get(join.name) == "j"
            alone = join.name not in self.marks and join.name not in self.routed
            if task.name in join.depends_on and (called or alone) and join.name not in self.todo:
                self._begin(join, alone=alone)

    def _begin(self, task: Task, *, alone: bool = False) -> None:
        if all(self.marks.get(name) in _WELL for name in task.depends_on):
            self.marks.pop(task.name, None)
            self.todo.append(task.name)
        elif not alone:
            self.marks[task.name] = "j"

    def _code(self, task: Task) -> str:
        if task.method == "FORK_JOB":
            return "0"
        if task.method == "AWAIT_FORKED_JOB":
            return "0" if self.child == "COMPLETED" else "1"
        if task.skip and (".from_t0" not in task.skip or self.first_code == "0"):
            return "SKIPPED"
        code = self.outcomes.ending(self.shape, task, 1, self.tries[task.name]).exit_code
        self.tries[task.name] += 1
        if task.name == "t0":
            self.first_code = code
        return code

    def _finalize(self) -> None:
        """Run what always runs; its failures and its routes change nothing any more."""
        for task in self.shape.tasks:
            wanted = task.always_run and (self.failed or task.name not in self.routed)
            if wanted and self.marks.get(task.name, "j") == "j":
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
            cannot = target in ("PAUSE_JOB", "RESTART_JOB")
            if fatal or cannot or failures >= task.retry:
                return "A" if task.allow_failure else "F"
            failures += 1


def expect(shape: Shape, outcomes: Outcomes, child: str = "") -> Expectation:
    """Return how a steady job must end."""
    if shape.skip:
        return Expectation("COMPLETED", "." * len(shape.tasks))
    reading = _Reading(shape, outcomes, child)
    reading.read()
    if reading.unsure:
        return Expectation("", "")
    marks = "".join(reading.marks.get(task.name, ".") for task in shape.tasks)
    state = "FAILED" if reading.failed else "COMPLETED"
    return Expectation(state, "" if reading.unsure_of_marks else marks)
