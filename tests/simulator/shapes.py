"""Random job definitions: a model that the oracle reads, and the text that the product reads."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

CHILD_TYPE = "child"
PARENT_TYPE = "parent"


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

    def routes(self) -> list[str]:
        return [*self.on_completed, *self.on_failed, *self.on_exit_code.values()]

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {"task_type": self.name, "method": self.method}
        if self.method == "SHELL":
            document["script"] = ["work {{.JobID}}"]
        if self.method == "FORK_JOB":
            document |= {"fork_job_type": CHILD_TYPE, "variables": {"Part": self.name}}
        optional = {
            "await_forked_tasks": self.awaits,
            "on_completed": self.on_completed,
            "on_failed": self.on_failed,
            "on_exit_code": self.on_exit_code,
            "allow_failure": self.allow_failure,
            "always_run": self.always_run,
            "retry": self.retry,
            "delay_between_retries": self.delay,
            "timeout": self.timeout,
            "tags": self.tags,
        }
        return document | {name: value for name, value in optional.items() if value}


@dataclass
class Shape:
    """A job definition. `steady`: how a task ends does not depend on the attempt."""

    job_type: str
    tasks: list[Task]
    timeout: int = 0
    steady: bool = True
    max_concurrency: int = 0

    def by_name(self) -> dict[str, Task]:
        return {task.name: task for task in self.tasks}

    def text(self) -> str:
        document: dict[str, Any] = {"job_type": self.job_type}
        if self.timeout:
            document["timeout"] = self.timeout
        if self.max_concurrency:
            document["max_concurrency"] = self.max_concurrency
        document["tasks"] = [task.document() for task in self.tasks]
        return json.dumps(document)


def draw_shape(random: Random, job_type: str, size: int, steady: bool) -> Shape:
    """Draw a definition: every task is led to by an earlier one, or always runs."""
    tasks = [Task("t0")]
    for index in range(1, size):
        task = Task(f"t{index}")
        _lead_to(random, tasks, task)
        tasks.append(task)
    for task in tasks:
        _furnish(random, task, steady)
    if job_type == PARENT_TYPE and random.random() < 0.4:
        _add_children(random, tasks)
    timeout = 0 if steady or random.random() < 0.7 else random.choice([60, 300])
    max_concurrency = random.choice([0, 0, 1, 2])
    return Shape(job_type, tasks, timeout, steady, max_concurrency)


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
        if random.random() < 0.1:
            task.on_exit_code.setdefault("1", random.choice(["EXECUTING", "RESTART_TASK"]))
    if random.random() < 0.1:
        task.on_exit_code.setdefault("3", random.choice(["FATAL", "COMPLETED", "ERR_OWN"]))


def _add_children(random: Random, tasks: list[Task]) -> None:
    """Put forks, and a task that awaits them, behind the first task."""
    count = random.randint(1, 3)
    forks = [Task(f"fork{n}", "FORK_JOB") for n in range(count)]
    wait = Task("wait", "AWAIT_FORKED_JOB", awaits=[fork.name for fork in forks])
    wait.on_completed, tasks[0].on_completed = tasks[0].on_completed, [forks[0].name]
    for fork, following in zip(forks, [*forks[1:], wait], strict=True):
        fork.on_completed = [following.name]
    tasks[1:1] = [*forks, wait]
