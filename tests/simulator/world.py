"""One world: functions, ants, users and queues under one scheduler and one virtual clock."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from formicary.adapters.memory.fake_clock import EPOCH, FakeClock, SequentialIds
from formicary.adapters.memory.in_memory_event_queue import ReceivedEvent
from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues
from formicary.bootstrap.in_memory import build_in_memory_api
from formicary.domain.ant import AntRegistrationRequest, Heartbeat
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage
from formicary.domain.records import Principal
from formicary.domain.states import TaskMethod
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.handle_event import Engine
from formicary.service_layer.heartbeat_ant import heartbeat_ant
from formicary.service_layer.register_ant import register_ant
from formicary.service_layer.situation import Situations
from formicary.service_layer.tenant_limits import KnownLimits
from tests.simulator.administrators import add_rows, furnish
from tests.simulator.ants import LEASE_SECONDS, TENANT, Ant
from tests.simulator.broken import BrokenError
from tests.simulator.calls import Interruptions, SkewedClock
from tests.simulator.crowds import check_wake_ups
from tests.simulator.definitions import FastEngine, SharedDefinitions, queues_of, store
from tests.simulator.expectations import expect_all
from tests.simulator.faults import Faults
from tests.simulator.functions import Function, SimulatedKillError
from tests.simulator.ledger import Ledger
from tests.simulator.lines import WatchedGates
from tests.simulator.nights import Nights
from tests.simulator.oracle import expect
from tests.simulator.outcomes import Ending, Outcomes
from tests.simulator.people import User
from tests.simulator.scenario import Scenario
from tests.simulator.schedules import TIMED_TYPE, WatchedDefinitions
from tests.simulator.shapes import PARENT_TYPE, Shape
from tests.simulator.stream import Stream
from tests.simulator.users import resumer, users_of

CALLER = Principal(tenant=TENANT, user_id="user")
MAX_FUNCTIONS = 4
MAX_STEPS = 20_000
NOISY_STEPS = 3_000
NOISY_SECONDS = 1_800
LATE_SECONDS = 120
_FALLIBLE = ("runs", "ants", "events", "task_queues", "gates")
_FALLIBLE_BESIDE = ("error_rules", "objects")
_RECEIVED_AT_ONCE = (1, 1, 2, 5)


class World:
    """Everything that happens follows from the scenario and the allowed faults."""

    runs_type: type[Ledger] = Ledger
    engine_type: type[Engine] = FastEngine
    situations_type: type[Situations] = Situations
    nights_type: type[Nights] = Nights
    gates_type: type[InMemoryGateRepository] = WatchedGates

    def __init__(self, scenario: Scenario, allowed: frozenset[int] | None = None) -> None:
        self.scenario = scenario
        self.random = Random(f"world {scenario.seed}")
        self.clock = FakeClock()
        self.faults = Faults(Random(f"faults {scenario.seed}"), scenario.rates, allowed)
        self.interruptions = Interruptions(
            Random(f"calls {scenario.seed}"), self.faults, self.clock, scenario.interruptions
        )
        self.outcomes = Outcomes(scenario.seed, scenario.extras.errors.rows)
        self.shapes = {shape.job_type: shape for shape in (scenario.parent, scenario.child)}
        timed, newer = scenario.extras.schedules.shape, scenario.extras.submissions.new_version
        if scenario.predictable:
            self.expectations = expect_all(scenario, self.outcomes)
            if timed is not None:
                rows = scenario.extras.errors.rows
                self.expectations[TIMED_TYPE, -1] = expect(timed, self.outcomes, {}, rows)
        self.ids = SequentialIds(str(scenario.seed))
        api = build_in_memory_api(self.clock, self.ids)
        self.definitions = WatchedDefinitions(scenario.extras.schedules, self.clock)
        api = replace(api, definitions=self.definitions)
        self.gates = self.gates_type()
        api = replace(api, gates=self.gates, limits=KnownLimits(self.gates, self.clock))
        self.stream = Stream(scenario.seed, scenario.extras.losses)
        self.runs = self.definitions.runs = self.runs_type(self)
        self.ports = replace(api, runs=self.runs, parsed=SharedDefinitions(api.definitions))
        self.situations = self.situations_type(self.ports.parsed, self.ports.configs)
        self.events: Any = api.events
        self.task_queues: Any = InMemoryTaskQueues(self.clock, visibility_seconds=LEASE_SECONDS)
        self.ports = replace(self.ports, task_queues=self.task_queues)
        self.queues: dict[str, tuple[str, ...]] = {}
        self.functions: list[Function] = []
        self.ants: list[Ant] = []
        self.trace: list[str] = []
        self.steps = 0
        self.rests_since = EPOCH
        self.handled: Counter[str] = Counter()
        self.left_alone = 0
        for shape in self.shapes.values():
            self.queues.update(store(api, self.task_queues, shape, TENANT))
        for later in (timed, newer):
            if later is not None:
                self.queues.update(queues_of(api, self.task_queues, later, TENANT))
        if timed is not None:
            self.shapes[TIMED_TYPE] = timed
        for _ in range(scenario.ants):
            self.hire()
        self.resources = furnish(api, scenario.extras.limits)
        self.rows = add_rows(api, scenario.extras.errors)
        self.users: list[User] = users_of(self)
        self.nights = self.nights_type(self)

    # Control plane

    def engine(self) -> Engine:
        """Return an engine as a fresh function has it: its own clock, and calls that may fail."""
        skew = self.random.uniform(-1, 1) if self.scenario.skew else 0.0
        plane = replace(self.plane(), clock=SkewedClock(self.clock, skew))
        # There are no websocket ants here, and no nights.
        left_out = ("sockets", "house", "task_function")
        names = [p.name for p in fields(Engine) if p.init and p.name not in left_out]
        return self.engine_type(**{name: getattr(plane, name) for name in names})

    def plane(self) -> ControlPlane:
        """Return the ports of the API as one of its functions has them."""
        names = (*_FALLIBLE, *_FALLIBLE_BESIDE) if self.scenario.extras.full else _FALLIBLE
        names += ("definitions",) if self.scenario.extras.schedules.shape else ()
        wrapped = {name: self.interruptions.wrap(getattr(self.ports, name)) for name in names}
        return replace(self.ports, **wrapped)

    def call(
        self,
        name: str,
        body: Callable[[Engine, ControlPlane], Any],
        done: Callable[[Any, Any], None],
    ) -> None:
        """Start a function that answers somebody."""
        self.functions.append(Function(name, lambda: body(self.engine(), self.plane()), done))

    # Ants

    def hire(self) -> Ant:
        """Let a new ant register; every second one has the tag that some tasks want."""
        number = len(self.ants)
        tags = ("big",) if number % 2 == 0 else ()
        skew = self.random.uniform(-1, 1) * self.scenario.skew
        ant = Ant(f"ant-{number}", self, Random(f"{self.scenario.seed} {number}"), skew, tags)
        self.ants.append(ant)
        request = AntRegistrationRequest(
            ant_id=ant.name, methods=[TaskMethod.SHELL], tags=list(tags), max_capacity=ant.capacity
        )
        register_ant(self.plane(), CALLER, request)
        return ant

    def ending(self, message: TaskMessage) -> Ending:
        shape = self.shape(message.request.job_type, message.request.job_type_version)
        task = shape.by_name()[message.request.task_type]
        tries = self.runs.tries(message.request.job_request_id, task.name)
        item = self.runs.families.item_of(message.request.job_request_id)
        return self.outcomes.ending(shape, task, message.attempt, tries, item)

    def shape(self, job_type: str, version: int | str) -> Shape:
        """Return what a version of a job was drawn as."""
        newer = self.scenario.extras.submissions.new_version
        if newer is not None and job_type == PARENT_TYPE and int(version) > 1:
            return newer
        return self.shapes[job_type]

    def began(self, ant: Ant, message: TaskMessage) -> None:
        """Note that a script begins: it must be its turn."""
        self.say(f"{ant.name} runs {message.task_key[-12:]}")
        self.runs.check_turn(message)

    def beat(self, ant: Ant, heartbeat: Heartbeat) -> None:
        unheard = self.faults.happens("heartbeat not answered")

        def done(answer: Any, _error: Any) -> None:
            if answer is not None and not ant.dead and not unheard:
                ant.cancel(set(answer.cancel))

        self.call(
            "heartbeat",
            lambda _engine, plane: heartbeat_ant(plane, CALLER, ant.name, heartbeat),
            done,
        )

    def send_report(self, message: EventMessage) -> None:
        """An ant sends until the queue has taken it, so a report is never lost, but may be late."""
        late = int(self.random.uniform(1, 200)) if self.faults.happens("message delayed") else 0
        if self.faults.happens("report out for an hour"):
            moment = self.clock.now() + timedelta(hours=1)
            self.events.send_at(message, moment, f"late {self.steps}")
            return
        for _ in range(2 if self.faults.happens("message doubled") else 1):
            self.events.send(message, late)

    # The scheduler

    def play(self) -> None:
        """Run to the end: noisy for a while, then kind until nothing is left to do."""
        while self._goes_on() and self.step():
            pass
        self._be_kind()
        kind_from = self.clock.now()
        while self.step() or self._resume_paused() or self.nights.hold_one_more():
            days = 40 if self.scenario.extras.losses.drawn or self.left_alone else 1
            if self.clock.now() > kind_from + timedelta(days=days) or self.steps > MAX_STEPS:
                raise BrokenError("the world is kind, but there is no end: " + self.runs.stuck())
        self.runs.check_end()
        self.nights.check_end()
        check_wake_ups(self.handled, self.runs.newest())

    def _goes_on(self) -> bool:
        seconds = self.scenario.extras.losses.noisy_seconds or NOISY_SECONDS
        if self.steps > NOISY_STEPS or self.clock.now() > EPOCH + timedelta(seconds=seconds):
            return False
        if not (self.runs.all_ended() and all(user.satisfied for user in self.users)):
            self.rests_since = self.clock.now()
        # What comes late comes after the end.
        return self.clock.now() < self.rests_since + timedelta(seconds=LATE_SECONDS)

    def _be_kind(self) -> None:
        self.say("the world is kind from here on")
        self.faults.on = False
        self.nights.kind = True
        for ant in self.ants:
            ant.cut_off_until = None
            ant.extends = True
        self.hire()
        if "big" not in self.ants[-1].tags:
            self.hire()

    def _resume_paused(self) -> bool:
        """Somebody resumes what is paused, for nothing else will; False when nothing is."""
        paused = self.runs.paused()
        self.users += [resumer(self, request_id) for request_id in paused]
        return bool(paused)

    def step(self) -> bool:
        """Do one thing of all that could happen now, or let time pass; False when nothing can."""
        self.steps += 1
        choices = self._choices()
        if choices:
            self.random.choice(choices)()
            return True
        moment = self._next_moment()
        if moment is None:
            return False
        self.clock.advance_to(moment)
        return True

    def _choices(self) -> list[Callable[[], object]]:
        now = self.clock.now()
        choices: list[Callable[[], object]] = [
            partial(self._resume, function)
            for function in self.functions
            if function.stalled_until is None or function.stalled_until <= now
        ]
        visible = self.events.queue.next_visible_at()
        if visible is not None and visible <= now and len(self.functions) < MAX_FUNCTIONS:
            choices.append(self._consume)
        choices += [ant.act for ant in self.ants if _due(ant.next_moment(), now)]
        for url, tags in self.queues.items():
            if _due(self.task_queues.queue(url).next_visible_at(), now):
                takers = [a for a in self.ants if a.serves(tags) and a.can_take()]
                choices += [partial(self._give, ant, url) for ant in takers]
        choices += [user.act for user in self.users if _due(user.next_moment(), now)]
        if _due(self.nights.next_moment(), now):
            choices.append(self.nights.act)
        return choices

    def _next_moment(self) -> datetime | None:
        moments = [function.stalled_until for function in self.functions]
        moments += [self.events.queue.next_visible_at()]
        moments += [ant.next_moment() for ant in self.ants]
        moments += [ant.cut_off_until for ant in self.ants if not ant.dead]
        moments += [user.next_moment() for user in self.users]
        moments += [self.nights.next_moment()]
        for url in self.queues:
            moments.append(self.task_queues.queue(url).next_visible_at())
        now = self.clock.now()
        return min((m for m in moments if m is not None and m > now), default=None)

    def _resume(self, function: Function) -> None:
        function.stalled_until = None
        function.resume()
        function.stalled_until = self.interruptions.stall_until
        self.interruptions.stall_until = None
        if function.ended:
            self.functions.remove(function)

    def _give(self, ant: Ant, url: str) -> None:
        for got in self.task_queues.receive(url):
            if self.faults.happens("task message lost"):
                self.say(f"lost: {got.message.task_key}")
                self.task_queues.delete(url, got.receipt)
                continue
            if self.faults.happens("task delivered twice at once"):
                # Both believe to be the only one: what a standard queue may do.
                self.task_queues.extend(url, got.receipt, 0)
            ant.take(url, got)

    def _consume(self) -> None:
        received = self._receive()
        if not received:
            return
        for got in received:
            if self.faults.happens("event delivered twice at once"):
                self.events.extend(got.receipt, 0)
        names = " ".join(got.message.kind for got in received)
        function = Function(f"engine {names}", partial(self._batch, received), self._ignore)
        self.functions.append(function)
        self._resume(function)

    def _receive(self) -> list[ReceivedEvent]:
        """Receive events; what is lost is lost on the way, or given up after too many tries."""
        kept = []
        for got in self.events.receive(self.random.choice(_RECEIVED_AT_ONCE)):
            if self.faults.happens("event lost"):
                self.say(f"lost: {got.message.kind} {got.message.event}")
                self.events.delete(got.receipt)
            else:
                kept.append(got)
        return kept

    def _batch(self, received: list[ReceivedEvent]) -> None:
        """Handle a batch as the function does: what fails is not deleted."""
        engine = self.engine()
        for got in received:
            try:
                self.runs.handles(got.message)
                outcome = engine.handle(got.message)
            except SimulatedKillError:
                self.say(f"killed at {got.message.kind}")
                self._note_failure(got)
                raise
            except Exception as error:
                if not getattr(error, "retryable", False):
                    raise BrokenError(f"an event is refused for good: {error!r}") from error
                self._note_failure(got)
                continue
            self.handled[got.message.kind] += 1
            self.say(f"{got.message.kind} {got.message.event} {outcome.value}")
            if not self.faults.happens("event delivered again"):
                self.events.delete(got.receipt)

    def _note_failure(self, got: ReceivedEvent) -> None:
        """Count an event that is not given again, since another function had it too and is done.

        What the one that failed has left is there until the next night.
        """
        self.left_alone += got.message not in self.events.pending()

    def _ignore(self, _answer: Any, error: Any) -> None:
        if error is not None and not isinstance(error, SimulatedKillError):
            raise error

    def run_of(self, request_id: str) -> JobRun | None:
        return self.runs.find(TENANT, request_id)

    def say(self, text: str) -> None:
        seconds = (self.clock.now() - EPOCH).total_seconds()
        self.trace.append(f"{seconds:9.1f}s  {text}")


def _due(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now
