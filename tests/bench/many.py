"""What one event costs by how many children its parent has, and by how many tasks its job has.

Calls of the ports are counted on in-memory adapters; write units are those of the items as they lie
in the table, a unit a kilobyte.
"""

import math
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from formicary.adapters.aws.items import item_size, marshal
from formicary.adapters.aws.job_run_codec import encode_run
from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.domain.events import CancelRequested, TaskFinished
from formicary.domain.fork_items import BATCH
from formicary.domain.job_run import JobRun
from formicary.domain.messages import pack_event
from formicary.domain.proofs import attempt_proof
from formicary.domain.states import RequestState
from formicary.domain.tally import ChildCounts, Tally
from tests.bench import jobs
from tests.bench.counting_world import TENANT, World

_UNIT = 1024
Costs = dict[str, Counter[str]]


class MeteredRuns(InMemoryRunRepository):
    """Runs whose writes are measured as they would lie in the table."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0

    def create(self, run: JobRun) -> JobRun:
        """Store a new run."""
        return self._metered(super().create(run))

    def save(self, run: JobRun) -> JobRun:
        """Store a state."""
        return self._metered(super().save(run))

    def count_once(
        self, tenant: str, request_id: str, name: str, place: int, counts: ChildCounts
    ) -> Tally:
        """Count a child; a tally has a hundred places of a few bytes."""
        tally = super().count_once(tenant, request_id, name, place, counts)
        places = {f"p{number}": mark.value for number, mark in tally.marks.items()}
        item = {"pk": f"T#{tenant}#R#{request_id}", "sk": f"TALLY#{name}", **places}
        self.units += _units(item)
        return tally

    def _metered(self, run: JobRun) -> JobRun:
        self.units += _units(encode_run(run))
        return run


def _units(item: Mapping[str, Any]) -> int:
    return math.ceil(item_size(marshal(item)) / _UNIT)


class MeteredWorld(World):
    """A world that tells what each event costs."""

    def __init__(self) -> None:
        self.metered = MeteredRuns()
        super().__init__(self.metered)

    def step(self) -> dict[str, Counter[str]]:
        """Handle what is on the queue, once; return the cost of each kind of event (the last)."""
        costs: Costs = {}
        for got in self.events.receive(10):
            before = Counter(self.tally, units=self.metered.units)
            self.engine.handle(got.message)
            self.events.delete(got.receipt)
            spent = Counter(self.tally, units=self.metered.units)
            spent.subtract(before)
            costs[got.message.kind] = +spent
        return costs

    def settled(self) -> Costs:
        """Handle all there is; return the cost of the last event of each kind."""
        costs: Costs = {}
        while step := self.step():
            costs.update(step)
        return costs

    def end(self, child_id: str) -> Costs:
        """End a child, and return what that costs it and its parent."""
        child = self.runs.find(TENANT, child_id)
        if child is None:
            raise AssertionError(child_id)
        self.tell(child, CancelRequested())
        return self.settled()


def costs_of_children(count: int) -> tuple[Costs, float, int]:
    """Play a parent with so many children; return costs, seconds, and calls of all of it."""
    world = MeteredWorld()
    world.define(jobs.chain("child", 1))
    world.define(jobs.fan_of_items("parent", "child", count))
    begun = time.perf_counter()
    parent = world.submit("parent")
    forking = world.settled()
    run = _found(world, parent)
    if run.fans[0].forked != count:
        raise AssertionError(f"{run.fans[0].forked} children, not {count}")
    ids = [run.item_request_id(0, run.forks[0], item) for item in range(count)]
    one = world.end(ids[0])["ChildFinished"]
    for child_id in ids[1:-1]:
        world.end(child_id)
    last = world.end(ids[-1])["ChildFinished"]
    run = _found(world, parent)
    if not run.state.terminal or run.fans[0].cancelled != count:
        raise AssertionError(f"the parent is {run.state}")
    costs = {
        f"the event that forks for {min(BATCH, count)} items": forking["BatchDue"],
        "a child that ends, for its parent": one,
        "the last child that ends, and the end of the parent": last,
    }
    return costs, time.perf_counter() - begun, world.tally["calls"]


def costs_of_tasks(count: int) -> Costs:
    """Play a chain of so many tasks that a join depends on; return the cost of some events."""
    world = MeteredWorld()
    world.define(jobs.joined_chain("joined", count))
    run = world.submit("joined")
    world.settled()
    costs: Costs = {}
    for number in range(1, count):
        spent = _finish(world, _found(world, run), f"t{number}")
        if number == count // 2:
            costs["a task that ends, and the next begins"] = spent
    costs["a task that ends, and a join of all begins"] = spent
    last = _finish(world, _found(world, run), "join")
    costs["the last task that ends, and the job"] = last
    if _found(world, run).state is not RequestState.COMPLETED:
        raise AssertionError("the job has not completed")
    return costs


def _finish(world: MeteredWorld, run: JobRun, task: str) -> Counter[str]:
    event = TaskFinished(task, 1, RequestState.COMPLETED, "0")
    proof = attempt_proof(run.key, run.execution_id, task, 1)
    world.events.send(pack_event(TENANT, run.request_id, run.execution_id, proof, event))
    return world.settled()["TaskFinished"]


def _found(world: World, run: JobRun) -> JobRun:
    found = world.runs.find(TENANT, run.request_id)
    if found is None:
        raise AssertionError(run.request_id)
    return found
