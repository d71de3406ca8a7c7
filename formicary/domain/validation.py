"""Validates a whole definition: every fault at once, each with its place and its mend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from formicary.domain.document_forms import mend_forms
from formicary.domain.document_nodes import Item, Listing, Mapping, Scalar, choices, doubles
from formicary.domain.document_scopes import exclusive
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.job_definition import JobDefinition
from formicary.domain.states import TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.validation_fields import Location, check_fields
from formicary.domain.validation_graph import TaskGraph
from formicary.domain.validation_job import job_faults
from formicary.domain.validation_routes import TaskEntry, named_in, routes_of
from formicary.domain.validation_tasks import task_faults

MAX_TASKS = 1000
_NO_TASKS = ("the job has no tasks", "list them below tasks:")


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


def check_job(root: Mapping, doubled: Sequence[Mapping]) -> CheckedJob:
    """Check the tree of a definition; the models are there whatever is wrong with it.

    `doubled` has the maps in which a key stands twice.
    """
    alternatives = bool(doubled)
    mend_forms(root, JobDefinition)
    head = Mapping(root.line, root.column, [e for e in root.entries if e.key.text != "tasks"])
    job, faults, head_aside = check_fields(JobDefinition, head, "the job")
    for choice in range(1, choices(head) if alternatives else 1):
        faults += check_fields(JobDefinition, head, "the job", choice=choice)[1]
    tasks: dict[str, TaskEntry] = {}
    models: dict[str, TaskDefinition] = {}
    asides: dict[str, set[Location]] = {}
    faults += _task_entries(root, tasks)
    for name, task in tasks.items():
        models[name], asides[name], found = _check_task(task, alternatives=alternatives)
        faults += found
    definition = job.model_copy(update={"tasks": tuple(models.values())})
    always_run = frozenset(n for n, task in tasks.items() if _may_always_run(task, models[n]))
    graph = TaskGraph(tasks, always_run)
    checked = CheckedJob(definition, head, tasks, graph, faults, head_aside, asides)
    faults += _double_keys(doubled)
    faults += job_faults(root, job, head_aside)
    faults += graph.faults()
    methods = {name: _method(tasks[name], model) for name, model in models.items()}
    for name, task in tasks.items():
        faults += task_faults(task, models[name], graph, methods)
    return checked


def _task_entries(root: Mapping, tasks: dict[str, TaskEntry]) -> Iterator[Fault]:
    entries = root.all("tasks")
    if not entries:
        yield Fault(
            FaultCode.MISSING_FIELD, "the job has no tasks", "list them below tasks:", 1, 1, "tasks"
        )
    index = 0
    for entry in entries:
        value = entry.value
        if isinstance(value, Scalar) and value.structural() is None:
            yield _at(
                value, FaultCode.MISSING_FIELD, "the job has no tasks", "list them below tasks:"
            )
            continue
        if not isinstance(value, Listing):
            yield _at(
                value, FaultCode.WRONG_TYPE, "tasks must be a list", "begin each with - task_type:"
            )
            continue
        if not value.items:
            yield _at(
                value, FaultCode.MISSING_FIELD, "the job has no tasks", "list them below tasks:"
            )
        for item in value.items:
            yield from _task_entry(item, index, tasks)
            index += 1
    if index > MAX_TASKS:
        yield _at(
            entries[0].value,
            FaultCode.TOO_MANY_TASKS,
            f"the job has {index} tasks, and {MAX_TASKS} are allowed",
            "split it by FORK_JOB",
        )


def _task_entry(item: Item, index: int, tasks: dict[str, TaskEntry]) -> Iterator[Fault]:
    node, field_name = item.value, f"tasks[{index}]"
    if not isinstance(node, Mapping):
        message = "a task must be a map that begins with task_type"
        yield _at(node, FaultCode.WRONG_TYPE, message, "write `- task_type: NAME`", field_name)
        return
    mend_forms(node, TaskDefinition)
    name = node.get("task_type")
    if not isinstance(name, Scalar) or name.templated or not name.text.strip():
        message, mend = "a task has no task_type", "name it: `task_type: NAME`"
        if isinstance(name, Scalar) and name.templated:
            message, mend = "a task_type cannot be a template", "give it a name of its own"
        yield _at(name or node, FaultCode.MISSING_FIELD, message, mend, f"{field_name}.task_type")
        return
    task = tasks.setdefault(name.text, TaskEntry(name.text, len(tasks)))
    if any(not exclusive(scope, item.scope) for _, scope in task.variants):
        message = f'there are two tasks "{name.text}" (the first on line {task.node.line})'
        yield _at(name, FaultCode.DUPLICATE_TASK, message, "rename one", f"{field_name}.task_type")
    task.variants.append((node, item.scope))
    task.routes.extend(routes_of(node))
    task.joins.extend(named_in(node, "depends_on"))


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


def _at(node: object, code: FaultCode, message: str, mend: str, field_name: str = "tasks") -> Fault:
    line, column = getattr(node, "line", 0), getattr(node, "column", 0)
    return Fault(code, message, mend, line, column, field_name)


def _double_keys(doubled: Sequence[Mapping]) -> Iterator[Fault]:
    for node in doubled:
        for earlier, entry in doubles(node):
            key = entry.key
            message = f'"{key.text}" is given twice (first on line {earlier.key.line})'
            mend = "remove one, or put them under conditions that exclude each other"
            place = (key.line, key.column, key.text)
            yield Fault(FaultCode.DUPLICATE_KEY, message, mend, *place)
