"""HTTP tasks in a world with a function: it is started where no ant serves."""

from datetime import timedelta

import pytest

from formicary.adapters.memory.in_memory_task_function import InMemoryTaskFunction
from formicary.domain.ant import AntRegistration
from formicary.domain.events import TaskLost
from formicary.domain.states import RequestState, TaskMethod
from formicary.domain.sweep import TaskSupply, lost_tasks
from tests.unit.service_layer.engine_world import TENANT, Result, World

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
    world.submit("calls", Large="x" * 270_000)
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
