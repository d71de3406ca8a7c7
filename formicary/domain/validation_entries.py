"""Reads the list of tasks: their names, and the alternatives that conditions choose between."""

from collections.abc import Iterator

from formicary.domain.document_forms import mend_forms
from formicary.domain.document_nodes import Entry, Item, Listing, Mapping, Scalar
from formicary.domain.document_scopes import exclusive
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.job_document import MAX_TASKS
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.validation_routes import TaskEntry, named_in, routes_of

_NO_TASKS = ("the job has no tasks", "list them below tasks:")
_OPEN_RANGE = (
    "a range over tasks goes over what only a run can tell",
    "let it go over one of job_variables, or over Iterate and a number",
)


def read_tasks(root: Mapping, tasks: dict[str, TaskEntry]) -> Iterator[Fault]:
    """Fill `tasks` by name, in the order of the text; yield what is wrong with the list.

    Of a list with too many of them no task is looked at.
    """
    entries = root.all("tasks")
    if not entries:
        yield Fault(FaultCode.MISSING_FIELD, *_NO_TASKS, 1, 1, "tasks")
    items: list[Item] = []
    for entry in entries:
        yield from _list_faults(entry)
        if isinstance(entry.value, Listing):
            items += entry.value.items
    if len(items) > MAX_TASKS:
        message = f"the job has {len(items):,} tasks, and {MAX_TASKS:,} are allowed"
        yield _at(entries[0].value, FaultCode.TOO_MANY_TASKS, message, "split it by FORK_JOB")
        return
    for index, item in enumerate(items):
        yield from _task_entry(item, index, tasks)


def _list_faults(entry: Entry) -> Iterator[Fault]:
    value = entry.value
    if entry.scope and entry.scope.ranges:
        yield _at(value, FaultCode.BAD_TEMPLATE, *_OPEN_RANGE)
    nothing = isinstance(value, Scalar) and value.structural() is None
    if nothing or (isinstance(value, Listing) and not value.items):
        yield _at(value, FaultCode.MISSING_FIELD, *_NO_TASKS)
    elif not isinstance(value, Listing):
        mend = "begin each with - task_type:"
        yield _at(value, FaultCode.WRONG_TYPE, "tasks must be a list", mend)


def _task_entry(item: Item, index: int, tasks: dict[str, TaskEntry]) -> Iterator[Fault]:
    node, field_name = item.value, f"tasks[{index}]"
    if not isinstance(node, Mapping):
        message = "a task must be a map that begins with task_type"
        yield _at(node, FaultCode.WRONG_TYPE, message, "write `- task_type: NAME`", field_name)
        return
    if item.scope and item.scope.ranges:
        yield _at(node, FaultCode.BAD_TEMPLATE, *_OPEN_RANGE, field_name)
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


def _at(node: object, code: FaultCode, message: str, mend: str, field_name: str = "tasks") -> Fault:
    line, column = getattr(node, "line", 0), getattr(node, "column", 0)
    return Fault(code, message, mend, line, column, field_name)
