"""Checks what single tasks need: names, what their method needs, tasks they depend on."""

import re
from collections.abc import Iterator

from formicary.domain.document_nodes import Listing, Mapping, Scalar
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault, did_you_mean
from formicary.domain.states import HTTP_METHODS, TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.validation_graph import TaskGraph
from formicary.domain.validation_routes import TARGETS, TaskEntry

MAX_NAME = 100
_TASK_NAME = re.compile(r"[^\s/\\:{}\x00-\x1f]+(?: [^\s/\\:{}\x00-\x1f]+)*")
_SCRIPTED = frozenset({TaskMethod.SHELL, TaskMethod.DOCKER, TaskMethod.KUBERNETES})


def task_faults(
    task: TaskEntry, model: TaskDefinition, graph: TaskGraph, methods: dict[str, TaskMethod | None]
) -> Iterator[Fault]:
    """Yield what is wrong with one task; `methods` has None where only rendering can tell."""
    yield from _name_faults(task)
    if methods[task.name] is not None:
        yield from _needs(task, model)
    yield from _named_tasks(task, "dependencies", graph)
    yield from _named_tasks(task, "await_forked_tasks", graph)
    yield from _forks_awaited(task, methods)


def _fault(task: TaskEntry, code: FaultCode, key: str, message: str, mend: str) -> Fault:
    line, column = task.place(key)
    field = f"tasks[{task.index}].{key}"
    return Fault(code, f'task "{task.name}": {message}', mend, line, column, field)


def _name_faults(task: TaskEntry) -> Iterator[Fault]:
    if len(task.name) > MAX_NAME or not _TASK_NAME.fullmatch(task.name):
        message = "its name is too long or holds a slash, a colon, a brace or odd space"
        mend = f"take up to {MAX_NAME} letters, digits, dots, dashes or underscores"
        yield _fault(task, FaultCode.BAD_NAME, "task_type", message, mend)
    elif task.name in TARGETS or task.name.startswith("ERR_"):
        message = "its name already means something as a routing target"
        yield _fault(task, FaultCode.BAD_NAME, "task_type", message, "choose another name")


def _needs(task: TaskEntry, model: TaskDefinition) -> Iterator[Fault]:
    method = model.method
    shown = f"method {method}" if task.has("method") else f"method {method} (the default)"
    key, mend = "", ""
    if method in _SCRIPTED and not task.has("script"):
        key, mend = "script", "list its commands below script:"
        if not task.has("method"):
            mend += ", or give a method"
    elif method in HTTP_METHODS and not (task.has("url") or task.has("script")):
        key, mend = "url", "say url: https://..."
    elif method is TaskMethod.FORK_JOB and not task.has("fork_job_type"):
        key, mend = "fork_job_type", "name the job to fork"
    elif method is TaskMethod.AWAIT_FORKED_JOB and not task.has("await_forked_tasks"):
        key, mend = "await_forked_tasks", "list the FORK_JOB tasks to wait for"
    elif method is TaskMethod.MESSAGING and not task.has("messaging_request_queue"):
        key, mend = "messaging_request_queue", "name the queue"
    if key:
        yield _fault(task, FaultCode.MISSING_FIELD, key, f"{shown} needs {key}", mend)


def _named(task: TaskEntry, key: str) -> Iterator[Scalar]:
    """Yield the names that a list of tasks holds, those of every condition."""
    for node, _ in task.variants:
        for entry in node.all(key):
            match entry.value:
                case Scalar():
                    yield entry.value
                case Listing():
                    yield from (i.value for i in entry.value.items if isinstance(i.value, Scalar))
                case Mapping():
                    yield from (inner.key for inner in entry.value.entries)


def _named_tasks(task: TaskEntry, key: str, graph: TaskGraph) -> Iterator[Fault]:
    for scalar in _named(task, key):
        if scalar.templated or scalar.structural() is None:
            continue
        # A bare text may hold several names.
        for name in [scalar.text] if scalar.text in graph.tasks else scalar.text.split() or [""]:
            yield from _named_task(task, key, name, scalar, graph)


def _named_task(
    task: TaskEntry, key: str, name: str, scalar: Scalar, graph: TaskGraph
) -> Iterator[Fault]:
    field = f"tasks[{task.index}].{key}"
    if name not in graph.tasks:
        mend = did_you_mean(name, graph.tasks) or "name a task of this job"
        message = f'task "{task.name}": {key} names "{name}", which no task has'
        yield Fault(FaultCode.UNKNOWN_TASK, message, mend, scalar.line, scalar.column, field)
        return
    if graph.open_ended or task.name in graph.always_run:
        return
    if task.name not in graph.following(name):
        message = f'task "{task.name}": {key} names "{name}", which cannot have run before it'
        mend = f'let a route lead from "{name}" to "{task.name}"'
        yield Fault(FaultCode.WRONG_ORDER, message, mend, scalar.line, scalar.column, field)


def _forks_awaited(task: TaskEntry, methods: dict[str, TaskMethod | None]) -> Iterator[Fault]:
    for scalar in _named(task, "await_forked_tasks"):
        method = methods.get(scalar.text, TaskMethod.FORK_JOB)
        if method not in (TaskMethod.FORK_JOB, None):
            message = (
                f'task "{task.name}": await_forked_tasks names "{scalar.text}", which is {method}'
            )
            yield Fault(
                FaultCode.NOT_A_FORK,
                message,
                "name tasks whose method is FORK_JOB",
                scalar.line,
                scalar.column,
                f"tasks[{task.index}].await_forked_tasks",
            )
