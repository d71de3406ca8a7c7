"""What one event costs, by how many wait beside it: calls and rows, counted, on in-memory adapters.

A row is an item that a list of the port gave back, so a step that reads a whole line shows.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from formicary.adapters.memory.fake_clock import FakeClock, SequentialIds
from formicary.adapters.memory.in_memory_ant_repository import InMemoryAntRepository
from formicary.adapters.memory.in_memory_definition_repository import InMemoryDefinitionRepository
from formicary.adapters.memory.in_memory_event_queue import InMemoryEventQueue
from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues
from formicary.domain.events import CancelRequested, JobSubmitted
from formicary.domain.job_run import JobRun
from formicary.domain.messages import pack_event
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.parsed_job import parse_job
from formicary.domain.proofs import internal_proof
from formicary.domain.records import DefinitionVersion
from formicary.domain.states import RequestState
from formicary.service_layer.definition_summary import summary_of
from formicary.service_layer.gates_of_run import gates_of_child
from formicary.service_layer.handle_event import Engine
from tests.bench import jobs
from tests.bench.report import note, result

BENCH = "scale"
LIMIT = 50
_TENANT = "bench"
_WAITING = (10, 100, 1_000, 10_000)
_CHILDREN = (10, 100, 999)


def run(*, waiting: Sequence[int] = _WAITING, children: Sequence[int] = _CHILDREN) -> None:
    """Print the calls and rows of the events that matter."""
    for count in waiting:
        _print_waiting(count)
    for count in children:
        _print_children(count)


class _Counted:
    """A port whose calls, and the rows they give back, are counted."""

    def __init__(self, port: Any, tally: Counter[str]) -> None:
        self._port = port
        self._tally = tally

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **options: Any) -> Any:
            answer = method(*args, **options)
            self._tally["calls"] += 1
            self._tally["rows"] += len(answer) if isinstance(answer, list | tuple) else 1
            if name in ("send", "send_at"):
                self._tally["messages"] += 1
            elif name == "send_all":
                self._tally["messages"] += len(args[0])
            return answer

        return call


class World:
    """An engine on counted ports."""

    def __init__(self) -> None:
        self.tally: Counter[str] = Counter()
        self.clock = FakeClock()
        self.ids = SequentialIds(BENCH)
        self.definitions = InMemoryDefinitionRepository()
        self.runs = InMemoryRunRepository()
        self.gates = InMemoryGateRepository()
        self.events = InMemoryEventQueue(self.clock)
        counted = [
            _Counted(port, self.tally)
            for port in (
                self.runs,
                self.definitions,
                InMemoryAntRepository(self.clock),
                self.events,
                InMemoryTaskQueues(self.clock),
                InMemoryObjectStore(),
            )
        ]
        gates = _Counted(self.gates, self.tally)
        self.engine: Any = Engine(*counted, self.clock, self.ids, gates)

    def define(self, text: str) -> None:
        """Put a definition in force."""
        parsed = parse_job(text)
        job_type = parsed.definition.job_type
        version = DefinitionVersion(_TENANT, job_type, 1, text, job_type, self.clock.now())
        self.definitions.save_version(version, summary_of(parsed), 0)

    def submit(self, job_type: str) -> JobRun:
        """Store a request and send its event."""
        record = self.definitions.find_type(_TENANT, job_type)
        if record is None:
            raise AssertionError(job_type)
        order = RunOrder(
            tenant=_TENANT,
            user_id="",
            job_type=job_type,
            job_version=1,
            size=int(record.summary["tasks"]),
            gates=gates_of_child(record),
        )
        run = self.runs.create(new_run(order, self.ids.ulid(), self.ids.key(), self.clock.now()))
        self.tell(run, JobSubmitted())
        return run

    def tell(self, run: JobRun, event: JobSubmitted | CancelRequested) -> None:
        """Send an event."""
        proof = internal_proof(run.key)
        message = pack_event(_TENANT, run.request_id, run.execution_id, proof, event)
        self.events.send(message)

    def settle(self) -> None:
        """Handle what is on the queue."""
        while received := self.events.receive(10):
            for got in received:
                self.engine.handle(got.message)
                self.events.delete(got.receipt)

    def counted(self) -> Counter[str]:
        """Handle what is on the queue and return what that cost."""
        before = Counter(self.tally)
        self.settle()
        return self.tally - before


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
    begun = world.runs.list_runs(_TENANT, states=(RequestState.EXECUTING,), limit=1).total
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
        for child in world.runs.list_runs(_TENANT, job_type="child", limit=count).records
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
    ended = world.runs.find(_TENANT, parent.request_id)
    if ended is None or not ended.state.terminal:
        raise AssertionError("the parent has not ended")
    _print(f"the last of {count} children that ends, and its parent", spent)


def _cancel(world: World, listed: JobRun) -> None:
    child = world.runs.find(_TENANT, listed.request_id)
    if child is not None:
        world.tell(child, CancelRequested())


def _print(what: str, spent: Counter[str]) -> None:
    for unit in ("calls", "rows", "messages"):
        result(BENCH, what, spent[unit], unit)
