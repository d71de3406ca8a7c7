"""An engine on in-memory adapters whose calls, rows and messages are counted."""

from collections import Counter
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
from formicary.service_layer.definition_summary import summary_of
from formicary.service_layer.gates_of_run import gates_of_child
from formicary.service_layer.handle_event import Engine

TENANT = "bench"


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

    def __init__(self, runs: InMemoryRunRepository | None = None) -> None:
        self.tally: Counter[str] = Counter()
        self.clock = FakeClock()
        self.ids = SequentialIds(TENANT)
        self.definitions = InMemoryDefinitionRepository()
        self.runs = runs or InMemoryRunRepository()
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
        version = DefinitionVersion(TENANT, job_type, 1, text, job_type, self.clock.now())
        self.definitions.save_version(version, summary_of(parsed), 0)

    def submit(self, job_type: str) -> JobRun:
        """Store a request and send its event."""
        record = self.definitions.find_type(TENANT, job_type)
        if record is None:
            raise AssertionError(job_type)
        order = RunOrder(
            tenant=TENANT,
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
        message = pack_event(TENANT, run.request_id, run.execution_id, proof, event)
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
