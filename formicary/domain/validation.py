"""Validates a whole definition: every fault at once, each with its place and its mend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.document_forms import mend_forms
from formicary.domain.document_nodes import Mapping, Scalar, choices, doubles
from formicary.domain.document_ranges import unroll
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.job_definition import JobDefinition
from formicary.domain.states import TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.validation_entries import read_tasks
from formicary.domain.validation_fields import Location, check_fields
from formicary.domain.validation_graph import TaskGraph
from formicary.domain.validation_job import job_faults
from formicary.domain.validation_routes import TaskEntry
from formicary.domain.validation_tasks import task_faults


@dataclass(slots=True)
class CheckedJob:
    """What validation made of the tree."""

    definition: JobDefinition
    head: Mapping
    tasks: dict[str, TaskEntry]
    graph: TaskGraph
    faults: list[Fault] = field(default_factory=list)
    head_aside: set[Location] = field(default_factory=set)
    asides: dict[str, set[Location]] = field(default_factory=dict)


def check_job(
    root: Mapping, doubled: Sequence[Mapping] = (), *, ranges: bool = False
) -> CheckedJob:
    """Check the tree of a definition; the models are there whatever is wrong with it.

    `doubled` has the maps in which a key stands twice; `ranges` tells of any over whole lines.
    """
    alternatives = bool(doubled)
    mend_forms(root, JobDefinition)
    unrolled = unroll(root, _job_variables(root)) if ranges else []
    head = Mapping(root.line, root.column, [e for e in root.entries if e.key.text != "tasks"])
    job, faults, head_aside = check_fields(JobDefinition, head, "the job")
    for choice in range(1, choices(head) if alternatives else 1):
        faults += check_fields(JobDefinition, head, "the job", choice=choice)[1]
    tasks: dict[str, TaskEntry] = {}
    models: dict[str, TaskDefinition] = {}
    asides: dict[str, set[Location]] = {}
    faults += read_tasks(root, tasks)
    for name, task in tasks.items():
        models[name], asides[name], found = _check_task(task, alternatives=alternatives)
        faults += found
    definition = job.model_copy(update={"tasks": tuple(models.values())})
    always_run = frozenset(n for n, task in tasks.items() if _may_always_run(task, models[n]))
    graph = TaskGraph(tasks, always_run)
    checked = CheckedJob(definition, head, tasks, graph, faults, head_aside, asides)
    faults += unrolled
    faults += _double_keys(doubled)
    faults += job_faults(root, job, head_aside)
    faults += graph.faults()
    methods = {name: _method(tasks[name], model) for name, model in models.items()}
    for name, task in tasks.items():
        faults += task_faults(task, models[name], graph, methods)
    return checked


def _job_variables(root: Mapping) -> dict[str, Any]:
    entries = [entry for entry in root.entries if entry.key.text == "job_variables"]
    only = Mapping(root.line, root.column, entries)
    return check_fields(JobDefinition, only, "the job")[0].job_variables


def _check_task(
    task: TaskEntry, *, alternatives: bool
) -> tuple[TaskDefinition, set[Location], list[Fault]]:
    """Check every alternative of a task; the first one stands for it in the structure."""
    owner, prefix = f'task "{task.name}"', f"tasks[{task.index}]."
    first, faults, aside = check_fields(TaskDefinition, task.node, owner, prefix=prefix)
    for number, (node, _) in enumerate(task.variants):
        for choice in range(0 if number else 1, choices(node) if alternatives else 1):
            faults += check_fields(TaskDefinition, node, owner, prefix=prefix, choice=choice)[1]
    return first, aside, faults


def _may_always_run(task: TaskEntry, model: TaskDefinition) -> bool:
    templated = any(
        isinstance(entry.value, Scalar) and entry.value.templated
        for node, _ in task.variants
        for entry in node.all("always_run")
    )
    return model.always_run or templated


def _method(task: TaskEntry, model: TaskDefinition) -> TaskMethod | None:
    """Return the method, None when templates or conditions choose it."""
    entries = [entry for node, _ in task.variants for entry in node.all("method")]
    if len(entries) > 1 or len(task.variants) > 1:
        return None
    value = entries[0].value if entries else None
    # A method that is not known has its fault already.
    if isinstance(value, Scalar) and value.text.strip().upper() != model.method:
        return None
    return model.method


def _double_keys(doubled: Sequence[Mapping]) -> Iterator[Fault]:
    for node in doubled:
        for earlier, entry in doubles(node):
            key = entry.key
            message = f'"{key.text}" is given twice (first on line {earlier.key.line})'
            mend = "remove one, or put them under conditions that exclude each other"
            place = (key.line, key.column, key.text)
            yield Fault(FaultCode.DUPLICATE_KEY, message, mend, *place)
