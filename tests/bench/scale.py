"""What one event costs, by how many wait beside it: calls and rows, counted, on in-memory adapters.

A row is an item that a list of the port gave back, so a step that reads a whole line shows.
"""

from collections import Counter
from collections.abc import Sequence

from formicary.domain.events import CancelRequested
from formicary.domain.job_run import JobRun
from formicary.domain.states import RequestState
from tests.bench import jobs
from tests.bench.counting_world import TENANT, World
from tests.bench.many import costs_of_children, costs_of_tasks
from tests.bench.report import note, result

BENCH = "scale"
LIMIT = 50
_WAITING = (10, 100, 1_000, 10_000)
_FORK_TASKS = (10, 100, 999)
_CHILDREN = (10, 100, 1_000, 10_000)
_TASKS = (10, 100, 1_000)


def run(
    *,
    waiting: Sequence[int] = _WAITING,
    fork_tasks: Sequence[int] = _FORK_TASKS,
    children: Sequence[int] = _CHILDREN,
    tasks: Sequence[int] = _TASKS,
) -> None:
    """Print the calls and rows of the events that matter."""
    for count in waiting:
        _print_waiting(count)
    for count in fork_tasks:
        _print_children(count)
    for count in children:
        costs, seconds, calls = costs_of_children(count)
        for what, spent in costs.items():
            _print(f"{what}; {count} children", spent)
        result(BENCH, f"a parent with {count} children, from submit to its end", seconds, "s")
        result(BENCH, f"a parent with {count} children, from submit to its end", calls, "calls")
    for count in tasks:
        for what, spent in costs_of_tasks(count).items():
            _print(f"{what}; {count} tasks", spent)


def _print_waiting(count: int) -> None:
    world = World()
    world.define(jobs.chain("limited", 1) + f"max_concurrency: {LIMIT}\n")
    running = [world.submit("limited") for _ in range(LIMIT)]
    world.settle()
    for _ in range(count):
        world.submit("limited")
    world.settle()
    note(f"{BENCH}: {count} requests wait")
    world.submit("limited")
    _print(f"a request that joins a line of {count}", world.counted())
    world.tell(running[0], CancelRequested())
    _print(f"a run that ends, and the next of {count} that begins", world.counted())
    begun = world.runs.list_runs(TENANT, states=(RequestState.EXECUTING,), limit=1).total
    if begun != LIMIT:
        raise AssertionError(f"{begun} runs go on at once, not {LIMIT}")


def _print_children(count: int) -> None:
    world = World()
    world.define(jobs.chain("child", 1))
    world.define(jobs.fan_out("parent", "child", count))
    parent = world.submit("parent")
    world.settle()
    children = [
        child
        for child in world.runs.list_runs(TENANT, job_type="child", limit=count).records
        if not child.state.terminal
    ]
    if len(children) != count:
        raise AssertionError(f"{len(children)} children, not {count}")
    note(f"{BENCH}: a parent waits for {count} children")
    for child in children[:-1]:
        _cancel(world, child)
    world.settle()
    _cancel(world, children[-1])
    spent = world.counted()
    ended = world.runs.find(TENANT, parent.request_id)
    if ended is None or not ended.state.terminal:
        raise AssertionError("the parent has not ended")
    _print(f"the last of {count} children that ends, and its parent", spent)


def _cancel(world: World, listed: JobRun) -> None:
    child = world.runs.find(TENANT, listed.request_id)
    if child is not None:
        world.tell(child, CancelRequested())


def _print(what: str, spent: Counter[str]) -> None:
    for unit in ("calls", "rows", "messages", "units"):
        if unit in spent:
            result(BENCH, what, spent[unit], unit)
