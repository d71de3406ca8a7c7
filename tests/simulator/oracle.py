"""How a job must end when nobody interferes: a second, simple reading of the language.

It walks the tasks one after the other and knows nothing of events, attempts in flight or time.
"""

from dataclasses import dataclass, field

from tests.simulator.outcomes import Outcomes
from tests.simulator.shapes import Shape, Task

SPECIAL = {"FATAL", "COMPLETED", "ERR_OWN"}


@dataclass
class Expectation:
    """The end of a job. `marks` is empty where branches race, since any order is right then."""

    state: str
    marks: str


@dataclass
class _Reading:
    shape: Shape
    outcomes: Outcomes
    child: str
    marks: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    stopped: bool = False
    raced: bool = False

    def walk(self) -> None:
        todo = [self.shape.tasks[0].name]
        tasks = self.shape.by_name()
        while todo:
            self.raced = self.raced or len(todo) > 1
            name = todo.pop(0)
            if name in self.marks:
                continue
            routes, stops = self.run(tasks[name])
            if stops:
                self.stopped = True
                return
            todo += [route for route in routes if route not in self.marks and route not in todo]

    def run(self, task: Task) -> tuple[list[str], bool]:
        """Return where the task leads, and whether it ends the walk."""
        code = self._code(task)
        target = task.on_exit_code.get(code) if task.method == "SHELL" else None
        if target is not None and target not in SPECIAL:
            self.marks[task.name] = "C"
            return [target], False
        if target == "COMPLETED" or (target is None and code == "0"):
            self.marks[task.name] = "C"
            return task.on_completed, False
        if task.allow_failure:
            self.marks[task.name] = "A"
            return task.on_failed or task.on_completed, False
        self.marks[task.name] = "F"
        self.failed = True
        return task.on_failed, not task.on_failed

    def _code(self, task: Task) -> str:
        if task.method == "FORK_JOB":
            return "0"
        if task.method == "AWAIT_FORKED_JOB":
            return "0" if self.child == "COMPLETED" else "1"
        return self.outcomes.ending(self.shape, task, 1).exit_code

    def finalize(self) -> None:
        routed = {route for task in self.shape.tasks for route in task.routes()}
        for task in self.shape.tasks:
            wanted = task.always_run and (self.failed or task.name not in routed)
            if wanted and task.name not in self.marks:
                failed = self.failed
                self.run(task)
                self.failed = failed


def expect(shape: Shape, outcomes: Outcomes, child: str = "") -> Expectation:
    """Return how a steady job must end."""
    reading = _Reading(shape, outcomes, child)
    reading.walk()
    reading.finalize()
    marks = "".join(reading.marks.get(task.name, ".") for task in shape.tasks)
    state = "FAILED" if reading.failed else "COMPLETED"
    return Expectation(state, "" if reading.raced and reading.failed else marks)
