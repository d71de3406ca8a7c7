"""A whole control plane in memory, with ants that do as they are told and calls that may crash."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from formicary.adapters.memory.fake_clock import FakeClock, SequentialIds
from formicary.adapters.memory.in_memory_ant_repository import InMemoryAntRepository
from formicary.adapters.memory.in_memory_configs import InMemoryConfigRepository
from formicary.adapters.memory.in_memory_definition_repository import (
    InMemoryDefinitionRepository,
)
from formicary.adapters.memory.in_memory_error_rules import InMemoryErrorRuleRepository
from formicary.adapters.memory.in_memory_event_queue import InMemoryEventQueue
from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.adapters.memory.in_memory_house import InMemoryHouse
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.adapters.memory.in_memory_task_function import InMemoryTaskFunction
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues, ReceivedTask
from formicary.domain.ant import ClaimRequest
from formicary.domain.artifact import Artifact
from formicary.domain.events import CancelRequested, Event, JobSubmitted, RestartRequested
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage, pack_event, pack_response
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.parsed_job import parse_job
from formicary.domain.proofs import internal_proof
from formicary.domain.records import DefinitionVersion, TaskAttempt
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskResponse
from formicary.service_layer.definition_summary import summary_of
from formicary.service_layer.gates_of_run import gates_of_run
from formicary.service_layer.handle_event import Engine, Outcome
from formicary.service_layer.replay_history import replay
from formicary.service_layer.socket_tasks import SocketTasks

TENANT = "acme"
# Those of the test that is going on: its end looks at their histories.
WORLDS: list["World"] = []


class FunctionKilledError(Exception):
    """The function died between two calls."""


@dataclass
class Killer:
    """Counts the calls to the outside and dies at the one that is told, before or after it."""

    at: int = 0
    before: bool = True
    calls: int = 0

    def wrap(self, port: Any) -> Any:
        return _Killed(port, self)

    def reached(self) -> bool:
        """Count a call; whether it is the one that is told."""
        self.calls += 1
        return self.calls == self.at


class _Killed:
    def __init__(self, port: Any, killer: Killer) -> None:
        self._port = port
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            killer = self._killer
            dies = killer.reached()
            if dies and killer.before:
                raise FunctionKilledError(name)
            answer = method(*args, **kwargs)
            if dies:
                raise FunctionKilledError(name)
            return answer

        return call


@dataclass(frozen=True)
class Result:
    """What an ant answers for a task."""

    exit_code: str = "0"
    status: RequestState | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()


class World:
    """The engine on in-memory adapters; `outcomes` says how each task ends."""

    def __init__(
        self, outcomes: Callable[[TaskMessage], Result] | None = None, killer: Killer | None = None
    ) -> None:
        self.clock = FakeClock()
        self.ids = SequentialIds("world")
        self.definitions = InMemoryDefinitionRepository()
        self.runs = InMemoryRunRepository()
        self.ants = InMemoryAntRepository(self.clock)
        self.events = InMemoryEventQueue(self.clock)
        self.task_queues = InMemoryTaskQueues(self.clock)
        self.objects = InMemoryObjectStore()
        self.gates = InMemoryGateRepository()
        self.configs = InMemoryConfigRepository()
        self.house = InMemoryHouse()
        self.error_rules = InMemoryErrorRuleRepository()
        self.outcomes = outcomes or (lambda message: Result())
        self.killer = killer or Killer()
        WORLDS.append(self)
        self.priority = 0
        self.ran: list[tuple[str, int]] = []
        self.engine = self._engine()

    def _engine(self) -> Engine:
        wrap = self.killer.wrap
        return Engine(
            wrap(self.runs),
            self.definitions,
            wrap(self.ants),
            wrap(self.events),
            wrap(self.task_queues),
            wrap(self.objects),
            self.clock,
            self.ids,
            wrap(self.gates),
            self.configs,
            self._sockets(),
            self.error_rules,
            wrap(self.house),
            self._task_function(),
        )

    def _task_function(self) -> InMemoryTaskFunction | None:
        """A world where ants do all tasks; one with a function has its own."""
        return None

    def _sockets(self) -> SocketTasks | None:
        """A world without websockets; one with them has its own."""
        return None

    def upload(self, text: str) -> None:
        parsed = parse_job(text)
        job_type = parsed.definition.job_type
        known = self.definitions.find_type(TENANT, job_type)
        number = known.version if known else 0
        digest = hashlib.sha256(text.encode()).hexdigest()
        version = DefinitionVersion(
            TENANT, job_type, number + 1, text, digest, self.clock.now(), "user"
        )
        self.definitions.save_version(version, summary_of(parsed), number)
        for key in parsed.routing_keys():
            self.ants.put_queue(TENANT, key, self.task_queues.ensure(TENANT, key))

    def submit(self, job_type: str, due: datetime | None = None, **params: Any) -> str:
        version = self.definitions.find_type(TENANT, job_type)
        assert version is not None
        text = self.definitions.find_version(TENANT, job_type, version.version)
        assert text is not None
        order = RunOrder(
            tenant=TENANT,
            user_id="user",
            job_type=job_type,
            job_version=version.version,
            size=len(parse_job(text.text).definition.tasks),
            params=params,
            scheduled_at=due,
            job_priority=self.priority,
            gates=gates_of_run(version, "user", self.gates.tenant_limits(TENANT)),
            announces=parse_job(text.text).announces,
        )
        run = self.runs.create(new_run(order, self.ids.ulid(), self.ids.key(), self.clock.now()))
        self.tell(run, JobSubmitted())
        return run.request_id

    def tell(self, run: JobRun, event: Event) -> None:
        self.events.send(
            pack_event(TENANT, run.request_id, run.execution_id, internal_proof(run.key), event)
        )

    def cancel(self, request_id: str) -> None:
        self.tell(self.run(request_id), CancelRequested("enough"))

    def restart(self, request_id: str, hard: bool = False) -> None:
        self.tell(self.run(request_id), RestartRequested(hard))

    def check_histories(self) -> None:
        """What was recorded of each run leads to the state that it is in."""
        for listed in self.runs.list_runs(TENANT, limit=100).records:
            run = self.run(listed.request_id)
            again = replay(self.engine.situations, self.runs, run)
            assert again.evolve(tail=()) == run.evolve(tail=())

    def run(self, request_id: str) -> JobRun:
        run = self.runs.find(TENANT, request_id)
        assert run is not None
        return run

    def tasks(self, request_id: str) -> dict[str, TaskAttempt]:
        run = self.run(request_id)
        attempts = self.runs.attempts(TENANT, request_id, run.execution_id)
        return {a.task_type: a for a in attempts if not a.late}

    def handle_events(self) -> bool:
        """Handle what is in the events queue; an event whose function is killed stays there."""
        received = self.events.receive()
        for got in received:
            try:
                self.engine.handle(got.message)
            except FunctionKilledError:
                continue
            self.events.delete(got.receipt)
        return bool(received)

    def handle(self, message: EventMessage) -> Outcome:
        return self.engine.handle(message)

    def receive_task(self) -> tuple[str, ReceivedTask] | None:
        for url in self.task_queues.urls():
            for got in self.task_queues.receive(url):
                return url, got
        return None

    def work(self) -> bool:
        """Let an ant take and finish one task."""
        got = self.receive_task()
        if got is None:
            return False
        url, task = got
        message = task.message
        if message.needs_claim(deliveries=task.receive_count, waited_seconds=task.waited_seconds):
            claimed = self._claimed(message, task.receive_count)
            if claimed is None:
                self.task_queues.delete(url, task.receipt)
                return True
            message = claimed
        self.ran.append((message.request.task_type, message.attempt))
        self.report(message, self.outcomes(message))
        self.task_queues.delete(url, task.receipt)
        return True

    def _claimed(self, message: TaskMessage, delivery: int = 0) -> TaskMessage | None:
        request = message.request
        answer = self.engine.claim(
            TENANT,
            "ant-2",
            ClaimRequest(
                job_request_id=request.job_request_id,
                job_execution_id=request.job_execution_id,
                task_type=request.task_type,
                attempt=message.attempt,
                proof=message.proof,
                delivery=delivery,
            ),
        )
        if not answer.granted:
            return None
        update = answer.model_dump(include={"attempt", "proof", "object_prefix"})
        return message.model_copy(update=update)

    def report(self, message: TaskMessage, result: Result) -> None:
        request = message.request
        default = RequestState.COMPLETED if result.exit_code == "0" else RequestState.FAILED
        artifacts = [self._artifact(message, n, p) for n, p in enumerate(result.artifacts, 1)]
        response = TaskResponse(
            job_request_id=request.job_request_id,
            task_execution_id=request.task_execution_id,
            job_type=request.job_type,
            job_type_version=request.job_type_version,
            task_type=request.task_type,
            co_relation_id=request.co_relation_id,
            status=result.status or default,
            ant_id="ant-1",
            exit_code=result.exit_code,
            job_context=dict(result.context),
            artifacts=artifacts,
        )
        self.events.send(
            pack_response(
                TENANT, message.attempt, message.proof, request.job_execution_id, response
            )
        )

    def _artifact(self, message: TaskMessage, order: int, path: str) -> Artifact:
        key = f"{message.object_prefix}artifacts/{order}/{path}"
        self.objects.put(key, path.encode(), "text/plain")
        return Artifact(id=self.ids.ulid(), name=path, key=key, path=path, artifact_order=order)

    def settle(self, limit: int = 2000) -> None:
        """Let everything happen, time too, until nothing is left to do."""
        for _ in range(limit):
            if self.handle_events() or self.work():
                continue
            waiting = [self.events.queue.next_visible_at()]
            waiting += [
                self.task_queues.queue(url).next_visible_at() for url in self.task_queues.urls()
            ]
            moments = [moment for moment in waiting if moment is not None]
            if not moments:
                return
            self.clock.advance_to(min(moments))
        raise AssertionError(f"never settles: {json.dumps(self.ran[-20:])}")
