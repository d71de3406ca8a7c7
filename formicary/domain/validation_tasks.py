"""Checks what single tasks need: names, what their method needs, tasks they depend on."""

import re
from collections.abc import Iterator

from formicary.domain.document_nodes import Scalar, is_dynamic
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.fork_items import MAX_ITEMS, items_of
from formicary.domain.states import HTTP_METHODS, TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.validation_graph import TaskGraph
from formicary.domain.validation_routes import TARGETS, TaskEntry, named_in, task_names

MAX_NAME = 100
_TASK_NAME = re.compile(r"[^\s/\\:{}\x00-\x1f]+(?: [^\s/\\:{}\x00-\x1f]+)*")
_QUEUES = ("messaging_request_queue", "messaging_reply_queue")
_SCRIPTED = frozenset({TaskMethod.SHELL, TaskMethod.DOCKER, TaskMethod.KUBERNETES})


def task_faults(
    task: TaskEntry, model: TaskDefinition, graph: TaskGraph, methods: dict[str, TaskMethod | None]
) -> Iterator[Fault]:
    """Yield what is wrong with one task; `methods` has None where only rendering can tell."""
    yield from _name_faults(task)
    if methods[task.name] is not None:
        yield from _needs(task, model)
        yield from _item_faults(task, model)
    yield from _named_tasks(task, "dependencies", graph)
    yield from _named_tasks(task, "await_forked_tasks", graph)
    yield from _named_tasks(task, "depends_on", graph)
    yield from _join_faults(task, graph)
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
    elif method is TaskMethod.MESSAGING:
        key = next((name for name in _QUEUES if not task.has(name)), "")
        mend = "name the queue"
    if key:
        yield _fault(task, FaultCode.MISSING_FIELD, key, f"{shown} needs {key}", mend)


def _item_faults(task: TaskEntry, model: TaskDefinition) -> Iterator[Fault]:
    """Yield what is wrong with the items of a fork task, as far as it can be told without a run."""
    given = [key for key in ("fork_items", "fork_max_parallel") if task.has(key)]
    if model.method is not TaskMethod.FORK_JOB:
        for key in given:
            message = f"{key} means nothing with method {model.method}"
            yield _fault(task, FaultCode.WRONG_METHOD, key, message, "say method: FORK_JOB")
        return
    if given == ["fork_max_parallel"]:
        message = "fork_max_parallel bounds the children of fork_items, and there are none"
        mend = "add fork_items:, or remove it"
        yield _fault(task, FaultCode.MISSING_FIELD, "fork_items", message, mend)
    templated = any(
        is_dynamic(e.value) for node, _ in task.variants for e in node.all("fork_items")
    )
    if model.fork_items is None or templated or len(task.variants) > 1:
        return
    try:
        items_of(model.fork_items)
    except ValueError as wrong:
        mend = f"give at most {MAX_ITEMS:,} items, as a list, a JSON list or an item a line"
        yield _fault(task, FaultCode.BAD_VALUE, "fork_items", str(wrong), mend)


def _named(task: TaskEntry, key: str) -> Iterator[Scalar]:
    for node, _ in task.variants:
        yield from named_in(node, key)


def _named_tasks(task: TaskEntry, key: str, graph: TaskGraph) -> Iterator[Fault]:
    for scalar in _named(task, key):
        for name in task_names(scalar, graph.tasks):
            yield from _named_task(task, key, name, scalar, graph)


def _named_task(
    task: TaskEntry, key: str, name: str, scalar: Scalar, graph: TaskGraph
) -> Iterator[Fault]:
    field = f"tasks[{task.index}].{key}"
    if name not in graph.tasks:
        mend = graph.guess(name) or "name a task of this job"
        message = f'task "{task.name}": {key} names "{name}", which no task has'
        yield Fault(FaultCode.UNKNOWN_TASK, message, mend, scalar.line, scalar.column, field)
        return
    if graph.open_ended or task.name in graph.always_run:
        return
    if not graph.can_follow(task.name, name):
        message = f'task "{task.name}": {key} names "{name}", which cannot have run before it'
        mend = f'let a route lead from "{name}" to "{task.name}"'
        yield Fault(FaultCode.WRONG_ORDER, message, mend, scalar.line, scalar.column, field)


def _join_faults(task: TaskEntry, graph: TaskGraph) -> Iterator[Fault]:
    field = f"tasks[{task.index}].depends_on"
    for scalar in task.joins:
        place = scalar.line, scalar.column, field
        if scalar.templated:
            message = f'task "{task.name}": depends_on cannot be a template'
            mend = "name the tasks, and give them `except` where they may be left out"
            yield Fault(FaultCode.BAD_VALUE, message, mend, *place)
        for name in task_names(scalar, graph.tasks):
            last = name in graph.unrouted_always_run and name not in graph.starts
            if last and name != task.name:
                message = f'task "{task.name}": depends_on names "{name}", which runs last'
                mend = f'let a task lead to "{name}", or depend on another one'
                yield Fault(FaultCode.WRONG_ORDER, message, mend, *place)


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
