"""HTTP tasks in a world with a function: it is started where no ant serves."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from formicary.adapters.memory.in_memory_task_function import InMemoryTaskFunction
from formicary.domain.ant import AntRegistration
from formicary.domain.events import TaskLost, TaskStarted
from formicary.domain.messages import pack_event
from formicary.domain.states import RequestState, TaskMethod
from formicary.domain.sweep import TaskSupply, lost_tasks
from formicary.domain.task_request import TaskMessage
from tests.unit.service_layer.engine_world import TENANT, Killer, Result, World

JOB = """
job_type: calls
tasks:
- task_type: ask
  method: HTTP_GET
  url: https://example.org
  {more}
"""


class HostlessWorld(World):
    """A world with a function."""

    def _task_function(self) -> InMemoryTaskFunction:
        self.function = InMemoryTaskFunction()
        return self.function

    def begin(self, more: str = "") -> str:
        self.upload(JOB.format(more=more))
        request = self.submit("calls")
        while self.handle_events():
            pass
        return request

    def register(self, **changes: object) -> None:
        now = self.clock.now()
        ant = AntRegistration(
            ant_id="ant-1",
            methods=[TaskMethod.HTTP_GET],
            tags=[],
            max_capacity=1,
            created_at=now,
            updated_at=now,
        )
        self.ants.register(TENANT, ant.model_copy(update=changes))

    def beat(self, **changes: object) -> None:
        (ant,) = self.ants.list(TENANT)
        told = ant.model_copy(update={"updated_at": self.clock.now()} | changes)
        assert self.ants.heartbeat(TENANT, told) is not None

    def on_queues(self) -> bool:
        return self.receive_task() is not None


def test_where_no_ant_serves_the_function_is_started_and_its_report_ends_the_job() -> None:
    world = HostlessWorld()
    request = world.begin()

    assert not world.on_queues()
    (message,) = world.function.taken()
    world.report(message, Result())
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED


def test_where_an_ant_serves_the_task_is_on_its_queue() -> None:
    world = HostlessWorld()
    world.register()
    world.begin()

    assert world.on_queues()
    assert not world.function.taken()


def test_an_ant_that_was_silent_for_long_does_not_count() -> None:
    world = HostlessWorld()
    world.register()
    world.clock.advance(31)
    world.begin()

    assert not world.on_queues()
    assert len(world.function.taken()) == 1


def test_a_new_ant_is_noticed_a_few_seconds_later() -> None:
    world = HostlessWorld()
    world.begin()
    world.clock.advance(6)
    world.register()
    world.submit("calls")
    while world.handle_events():
        pass

    assert len(world.function.taken()) == 1
    assert world.on_queues()


@pytest.mark.parametrize(
    "more",
    [
        "tags: [inside]",
        "timeout: 15m",
        "working_dir: /etc",
    ],
)
def test_what_the_function_cannot_take_waits_for_an_ant(more: str) -> None:
    world = HostlessWorld()
    world.begin(more)

    assert not world.function.taken()
    assert world.on_queues()


def test_a_task_that_is_too_large_for_a_start_waits_for_an_ant() -> None:
    world = HostlessWorld()
    world.upload(JOB.format(more="headers: {X: '{{.Large}}'}"))
    world.submit("calls", Large="x" * 505_000)
    while world.handle_events():
        pass

    assert not world.function.taken()
    assert world.on_queues()


def test_a_world_without_the_function_puts_all_on_queues() -> None:
    world = World()
    world.upload(JOB.format(more=""))
    world.submit("calls")
    while world.handle_events():
        pass

    assert world.receive_task() is not None


def test_two_reports_of_an_attempt_count_once() -> None:
    """Lambda may start the function twice with a task."""
    world = HostlessWorld()
    request = world.begin()
    (message,) = world.function.taken()

    world.report(message, Result())
    world.report(message, Result("1"))
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.tasks(request)["ask"].attempt == 1


def test_a_start_that_was_lost_is_found_and_made_again() -> None:
    world = HostlessWorld()
    request = world.begin()
    world.function.taken()
    world.clock.advance(timedelta(hours=1).total_seconds())
    run = world.run(request)
    parsed = world.engine.parsed_definitions.get(run.defined_by, run.job_type, run.job_version)
    supply = TaskSupply({}, world.clock.now(), ())
    tasks = parsed.parsed.definition.task

    lost = list(lost_tasks(run, tasks, supply, lambda _: False, world.clock.now()))
    assert lost == [TaskLost("ask", 1)]
    world.tell(run, lost[0])
    while world.handle_events():
        pass
    (again,) = world.function.taken()
    world.report(again, Result())
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED


def test_the_report_of_a_task_that_was_cancelled_is_late() -> None:
    world = HostlessWorld()
    request = world.begin()
    (message,) = world.function.taken()
    world.cancel(request)
    world.settle()
    world.report(message, Result())
    world.settle()

    assert world.run(request).state is RequestState.CANCELLED


def lent(**changes: object) -> tuple[HostlessWorld, str]:
    """A world where a task lies on a queue, since an ant served when it was handed out."""
    world = HostlessWorld()
    world.register(**changes)
    return world, world.begin()


def pass_the_check(world: HostlessWorld, seconds: float = 60) -> None:
    world.clock.advance(seconds)
    while world.handle_events():
        pass


def test_a_task_that_an_ant_left_behind_reaches_the_function_a_minute_later() -> None:
    world, request = lent()
    pass_the_check(world, 59)
    assert not world.function.taken()
    pass_the_check(world, 1)

    (message,) = world.function.taken()
    assert message.attempt == 2
    world.report(message, Result())
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    # The message on the queue was claimed in vain by the ant that came for it, and is gone.
    assert world.ran == []


def test_an_ant_that_comes_while_the_function_works_does_not_run_the_task_too() -> None:
    world, request = lent()
    pass_the_check(world)
    (message,) = world.function.taken()

    while world.work():
        pass
    assert world.ran == []
    world.report(message, Result())
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED


def test_a_task_is_left_to_an_ant_that_has_room_for_as_long_as_it_serves() -> None:
    world, _ = lent()
    for _ in range(3):
        world.clock.advance(55)
        world.register()
        pass_the_check(world, 5)
        assert not world.function.taken()

    pass_the_check(world)
    assert len(world.function.taken()) == 1


def test_a_task_does_not_wait_for_an_ant_that_drains() -> None:
    world, _ = lent()
    world.clock.advance(55)
    world.register(draining=True)
    pass_the_check(world, 5)

    assert len(world.function.taken()) == 1


def test_a_task_waits_ten_minutes_for_an_ant_that_is_full() -> None:
    world, _ = lent(current_load=1)
    for _ in range(9):
        world.clock.advance(55)
        world.beat(current_load=1)
        pass_the_check(world, 5)
        assert not world.function.taken()

    world.clock.advance(55)
    world.beat(current_load=1)
    pass_the_check(world, 5)
    assert len(world.function.taken()) == 1


def test_what_a_full_ant_works_on_stays_with_it_and_what_a_dead_one_did_does_not() -> None:
    world, request = lent()
    (_, got) = world.receive_task() or pytest.fail("nothing was handed out")
    run = world.run(request)
    started = TaskStarted("ask", 1, "ant-1", "host", world.clock.now())
    world.handle(pack_event(TENANT, request, run.execution_id, got.message.proof, started))
    world.clock.advance(50)
    world.beat(current_load=1)
    pass_the_check(world, 10)
    assert not world.function.taken()

    pass_the_check(world)
    assert not world.function.taken()
    pass_the_check(world)
    (message,) = world.function.taken()
    world.report(got.message, Result("7"))
    world.report(message, Result())
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED


def test_an_ant_that_takes_it_late_claims_it_and_is_looked_after_like_any_other() -> None:
    world, request = lent()
    world.clock.advance(50)
    world.register()
    (url, got) = world.receive_task() or pytest.fail("nothing was handed out")
    assert got.message.needs_claim(deliveries=1, waited_seconds=got.waited_seconds)
    claimed = world._claimed(got.message, 1)
    assert claimed is not None
    assert claimed.attempt == 2
    pass_the_check(world, 10)
    assert not world.function.taken()

    for _ in range(3):
        pass_the_check(world)
    (message,) = world.function.taken()
    assert message.attempt == 3
    world.report(message, Result())
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.ran == []
    assert not world.task_queues.count(url)


def test_an_engine_that_dies_between_timer_and_message_has_both_in_the_end() -> None:
    for at in range(1, 40):
        world = HostlessWorld(killer=Killer(at))
        world.register()
        request = world.begin()
        for _ in range(6):
            pass_the_check(world)
        for message in world.function.taken():
            world.report(message, Result())
        world.killer.at = 0
        world.settle()

        assert world.run(request).state is RequestState.COMPLETED, at
        world.check_histories()


def test_without_the_function_that_there_was_the_task_stays_with_the_ants() -> None:
    world, request = lent()
    world.engine = replace(world.engine, task_function=None)
    pass_the_check(world, 120)

    assert world.run(request).active["ask"].attempt == 1
    assert world.events.queue.next_visible_at() is None
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED


@pytest.mark.parametrize("method", ["SHELL", "DOCKER"])
def test_other_tasks_pay_for_no_timer(method: str) -> None:
    world = HostlessWorld()
    world.register()
    world.upload(
        f"job_type: calls\ntasks:\n- task_type: ask\n  method: {method}\n  script: [x]\n"
        "  container: {image: alpine}\n"
    )
    world.submit("calls")
    while world.handle_events():
        pass

    assert world.events.queue.next_visible_at() is None


class Chances:
    """Ants that come, take, report, drain and die, while events are doubled and functions die."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.world = HostlessWorld(killer=Killer(self.random.randint(1, 25)))
        self.held: list[TaskMessage] = []
        self.world.register()
        self.request = self.world.begin()

    def play(self) -> None:
        acts = [self.wait, self.beat, self.drain, self.take, self.start, self.report, self.fail]
        for _ in range(self.random.randint(5, 40)):
            self.random.choice(acts)()
            self.handle()

    def handle(self) -> None:
        self.world.killer.at = self.world.killer.calls + self.random.randint(1, 30)
        self.world.handle_events()
        self.world.killer.at = 0

    def wait(self) -> None:
        self.world.clock.advance(self.random.choice([1, 10, 29, 31, 59, 61]))

    def beat(self) -> None:
        self.world.beat(current_load=self.random.randint(0, 1))

    def drain(self) -> None:
        self.world.register(draining=self.random.random() < 0.3)

    def take(self) -> None:
        got = self.world.receive_task()
        if got is None:
            return
        url, task = got
        message: TaskMessage | None = task.message
        if task.message.needs_claim(
            deliveries=task.receive_count, waited_seconds=task.waited_seconds
        ):
            message = self.world._claimed(task.message, task.receive_count)
            if message is None:
                self.world.task_queues.delete(url, task.receipt)
        if message is not None:
            self.held.append(message)
            self.world.register()

    def start(self) -> None:
        """An ant that has a task tells so by its heartbeat."""
        if self.held:
            message = self.random.choice(self.held)
            request = message.request
            now = self.world.clock.now()
            event = TaskStarted(request.task_type, message.attempt, "ant-1", "host", now)
            self.world.events.send(
                pack_event(TENANT, self.request, request.job_execution_id, message.proof, event)
            )

    def report(self) -> None:
        """An ant reports, perhaps twice and late, and leaves the message on its queue."""
        if self.held and self.random.random() < 0.3:
            self.world.report(self.random.choice(self.held), Result())

    def fail(self) -> None:
        self.held.clear()


@pytest.mark.parametrize("seed", range(150))
def test_whatever_ants_do_a_task_ends_when_none_is_left(seed: int) -> None:
    chances = Chances(seed)
    chances.play()
    world = chances.world
    for _ in range(20):
        pass_the_check(world, 65)
        for message in world.function.taken():
            world.report(message, Result())

    run = world.run(chances.request)
    assert run.state is RequestState.COMPLETED
    assert world.tasks(chances.request)["ask"].attempt <= 12
    world.check_histories()
