"""Random job definitions: a model that the oracle reads, and the text that the product reads."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

CHILD_TYPE = "child"
PARENT_TYPE = "parent"
AGAIN = frozenset({"EXECUTING", "RESTART_TASK", "PAUSE_JOB"})
TARGETS = AGAIN | {"RESTART_JOB", "FATAL", "COMPLETED", "ERR_OWN"}


@dataclass
class Task:
    """A task as it was drawn."""

    name: str
    method: str = "SHELL"
    on_completed: list[str] = field(default_factory=list)
    on_failed: list[str] = field(default_factory=list)
    on_exit_code: dict[str, str] = field(default_factory=dict)
    allow_failure: bool = False
    always_run: bool = False
    retry: int = 0
    delay: int = 0
    timeout: int = 0
    tags: list[str] = field(default_factory=list)
    awaits: list[str] = field(default_factory=list)
    depends_on: list[str] = field(default_factory=list)
    skip: str = ""
    leases: str = ""
    items: int | None = None
    item_parallel: int = 0

    @property
    def is_script(self) -> bool:
        """Whether an ant does it."""
        return self.method == "SHELL"

    def routes(self) -> list[str]:
        """Return the tasks it leads to."""
        targets = (*self.on_completed, *self.on_failed, *self.on_exit_code.values())
        return [target for target in targets if target not in TARGETS]

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {"task_type": self.name, "method": self.method}
        if self.method == "SHELL":
            document["script"] = ["work {{.JobID}}"]
        if self.method == "FORK_JOB":
            document |= {"fork_job_type": CHILD_TYPE, "variables": {"Part": self.name}}
        if self.items is not None:
            document["fork_items"] = [f"item {number}" for number in range(self.items)]
            document["variables"] |= {"Thing": "{{.Item}}", "Place": "{{.ItemIndex}}"}
        optional = {
            "await_forked_tasks": self.awaits,
            "depends_on": self.depends_on,
            "except": self.skip,
            "on_completed": self.on_completed,
            "on_failed": self.on_failed,
            "on_exit_code": self.on_exit_code,
            "allow_failure": self.allow_failure,
            "always_run": self.always_run,
            "retry": self.retry,
            "delay_between_retries": self.delay,
            "timeout": self.timeout,
            "tags": self.tags,
            "fork_max_parallel": self.item_parallel,
        }
        document |= {name: value for name, value in optional.items() if value}
        return document | _resources(self.leases)


@dataclass
class Shape:
    """A job definition. `steady`: how a task ends does not depend on time or on lost attempts."""

    job_type: str
    tasks: list[Task]
    steady: bool = True
    timeout: int = 0
    max_concurrency: int = 0
    max_parallel: int = 0
    retry: int = 0
    delay: int = 0
    hard_reset: int = 0
    max_restarts: int = 2
    pause: int = 20
    skip: str = ""
    leases: str = ""

    def by_name(self) -> dict[str, Task]:
        return {task.name: task for task in self.tasks}

    def routed(self) -> set[str]:
        """Return the tasks that a route leads to."""
        return {route for task in self.tasks for route in task.routes()}

    def starts(self) -> list[str]:
        """Return where it begins: all that nothing leads to and that waits for nothing."""
        routed = self.routed()
        unrouted = [t for t in self.tasks if t.name not in routed and not t.depends_on]
        return [t.name for t in unrouted if not t.always_run] or [unrouted[0].name]

    def text(self) -> str:
        document: dict[str, Any] = {"job_type": self.job_type}
        optional = {
            "timeout": self.timeout,
            "max_concurrency": self.max_concurrency,
            "max_parallel": self.max_parallel,
            "retry": self.retry,
            "delay_between_retries": self.delay,
            "hard_reset_after_retries": self.hard_reset,
            "max_restarts": self.max_restarts,
            "pause_time": self.pause,
            "skip_if": self.skip,
        }
        document |= {name: value for name, value in optional.items() if value}
        document |= _resources(self.leases)
        document["tasks"] = [task.document() for task in self.tasks]
        return json.dumps(document)

    def features(self) -> set[str]:
        """Return what of the language it uses."""
        named = {"max_concurrency", "max_parallel", "timeout", "retry", "skip_if", "resources"}
        document = json.loads(self.text())
        found = {f"job {name}" for name in named & document.keys()}
        found |= {"hard_reset_after_retries"} if self.hard_reset and self.retry else set()
        for task in document["tasks"]:
            found |= {f"task {name}" for name in _TOLD & task.keys()}
            targets = (*task.get("on_failed", ()), *task.get("on_exit_code", {}).values())
            found |= {f"target {target}" for target in targets if target in TARGETS}
            found |= {task["method"]} - {"SHELL"}
        return found


_TOLD = frozenset(
    {
        "depends_on",
        "retry",
        "timeout",
        "except",
        "allow_failure",
        "always_run",
        "resources",
        "fork_items",
        "fork_max_parallel",
    }
)


def _resources(leases: str) -> dict[str, Any]:
    """Return what is leased, `type*value`."""
    resource_type, _, value = leases.partition("*")
    return {"resources": {"resource_type": resource_type, "value": int(value)}} if leases else {}


def draw_shape(random: Random, job_type: str, size: int, steady: bool) -> Shape:
    """Draw a definition: every task is led to by an earlier one, or always runs."""
    tasks = [Task("t0")]
    for index in range(1, size):
        task = Task(f"t{index}")
        _lead_to(random, tasks, task)
        tasks.append(task)
    for task in tasks:
        _furnish(random, task, steady)
    shape = Shape(job_type, tasks, steady)
    if random.random() < 0.5:
        _add_joins(random, shape)
    if job_type == PARENT_TYPE and random.random() < 0.4:
        add_children(random, tasks)
    shape.timeout = 0 if steady or random.random() < 0.7 else random.choice([60, 300])
    shape.max_concurrency = random.choice([0, 0, 1, 2])
    shape.max_parallel = random.choice([0, 0, 1, 2])
    if random.random() < 0.3:
        shape.retry = random.choice([1, 2, 3])
        shape.hard_reset = random.choice([0, 0, 1, 2])
        shape.delay = random.choice([0, 5, 40])
    shape.max_restarts = random.choice([1, 2])
    shape.pause = random.choice([1, 20])
    shape.skip = "{{eq 1 1}}" if random.random() < 0.01 else ""
    return shape


def _add_joins(random: Random, shape: Shape) -> None:
    """Let tasks wait for earlier ones: beside a route that leads there, or for these alone."""
    for index, task in enumerate(shape.tasks[2:], start=2):
        if task.always_run or random.random() < 0.4:
            continue
        names = [other.name for other in shape.tasks[:index] if not other.always_run]
        task.depends_on = sorted(random.sample(names, min(len(names), random.randint(1, 3))))
        if random.random() < 0.5:
            for other in shape.tasks[:index]:
                _unroute(other, task.name)


def _unroute(task: Task, name: str) -> None:
    task.on_completed = [target for target in task.on_completed if target != name]
    task.on_failed = [target for target in task.on_failed if target != name]
    routes = task.on_exit_code.items()
    task.on_exit_code = {code: target for code, target in routes if target != name}


def _lead_to(random: Random, earlier: list[Task], task: Task) -> None:
    way = random.random()
    if way < 0.12:
        task.always_run = True
        return
    parent = earlier[-1] if random.random() < 0.6 else random.choice(earlier)
    if parent.always_run:
        parent = earlier[0]
    if way < 0.7:
        parent.on_completed.append(task.name)
    elif way < 0.82:
        parent.on_failed.append(task.name)
    else:
        free = [code for code in ("1", "2", "3") if code not in parent.on_exit_code]
        if free:
            parent.on_exit_code[random.choice(free)] = task.name
        else:
            parent.on_completed.append(task.name)


def _furnish(random: Random, task: Task, steady: bool) -> None:
    task.allow_failure = random.random() < 0.15
    task.always_run = task.always_run or random.random() < 0.05
    task.retry = random.choice([0, 0, 0, 1, 2])
    task.delay = random.choice([0, 0, 5, 40])
    task.tags = random.choice([[], [], [], ["big"]])
    if not steady:
        task.timeout = random.choice([0, 0, 0, 20])
    if random.random() < 0.2:
        again = ["EXECUTING", "RESTART_TASK", "PAUSE_JOB", "RESTART_JOB"]
        task.on_exit_code.setdefault("1", random.choice(again))
    if random.random() < 0.1:
        task.on_exit_code.setdefault("3", random.choice(["FATAL", "COMPLETED", "ERR_OWN"]))
    if not task.on_failed and random.random() < 0.05:
        task.on_failed = ["FATAL"]
    if task.name != "t0" and random.random() < 0.07:
        task.skip = random.choice(["{{eq 1 1}}", '{{eq .from_t0 "0"}}'])


def add_children(random: Random, tasks: list[Task]) -> None:
    """Put forks, and a task that awaits them, behind the first task."""
    count = random.randint(1, 3)
    forks = [Task(f"fork{n}", "FORK_JOB") for n in range(count)]
    wait = Task("wait", "AWAIT_FORKED_JOB", awaits=[fork.name for fork in forks])
    wait.on_completed, tasks[0].on_completed = tasks[0].on_completed, [forks[0].name]
    for fork, following in zip(forks, [*forks[1:], wait], strict=True):
        fork.on_completed = [following.name]
    tasks[1:1] = [*forks, wait]
