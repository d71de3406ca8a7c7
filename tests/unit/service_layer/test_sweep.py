"""The sweep on the engine: what was lost is sent again, and what was not changes nothing."""

from collections.abc import Callable

from formicary.adapters.memory.in_memory_dead_letters import InMemoryDeadLetters
from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.domain.housekeeping import Chore, HouseStep
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.keep_house import HouseKeeper
from tests.unit.service_layer.engine_jobs import PIPELINE
from tests.unit.service_layer.engine_world import TENANT, Result, World


def fails_once() -> Callable[[TaskMessage], Result]:
    answers = iter([Result("7")])
    return lambda message: (
        next(answers, Result()) if message.request.task_type == "transform" else Result()
    )


def a_world() -> tuple[World, str]:
    world = World(fails_once())
    world.upload(PIPELINE)
    return world, world.submit("pipeline", Name="ant")


def lose_events(world: World) -> None:
    """Lose all events that are on the queue, delayed ones too."""
    world.clock.advance(20 * 60)
    for got in world.events.receive(1000):
        world.events.delete(got.receipt)


def swept(world: World) -> Chore:
    keeper = HouseKeeper(
        InMemoryTokenRepository(),
        world.definitions,
        world.runs,
        world.runs,
        world.objects,
        world.events,
        InMemoryDeadLetters(world.events, []),
        world.clock,
    )
    chore = Chore(tenant=TENANT, step=HouseStep.SWEEP)
    while not chore.done:
        chore = keeper.do(chore)
    return chore


def test_a_request_whose_event_was_lost_begins_after_the_sweep():
    world, request = a_world()
    lose_events(world)
    world.settle()
    assert world.run(request).state is RequestState.PENDING

    world.clock.advance(60 * 60)
    assert swept(world).never_begun == 1
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert swept(world).never_begun == 0


def test_a_retry_whose_timer_was_lost_is_made_after_the_sweep():
    world, request = a_world()
    while world.handle_events() or world.work():
        pass
    lose_events(world)
    world.settle()
    assert world.run(request).state is RequestState.EXECUTING

    world.clock.advance(60 * 60)
    assert swept(world).lost_timers == 1
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert swept(world).lost_timers == 0


ONCE = [("extract", 1), ("transform", 1), ("transform", 2), ("load", 1), ("cleanup", 1)]


def test_the_sweep_does_nothing_for_a_run_whose_events_are_under_way():
    world, request = a_world()
    assert swept(world).never_begun == 0
    while world.handle_events() or world.work():
        pass
    assert swept(world).lost_timers == 0
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.ran == ONCE


def test_an_event_that_was_late_and_not_lost_leads_to_the_same_attempts():
    world, request = a_world()
    world.clock.advance(60 * 60)
    assert swept(world).never_begun == 1
    assert swept(world).never_begun == 1
    world.settle()

    run = world.run(request)
    counted = [
        (attempt.task_type, attempt.attempt)
        for attempt in world.runs.attempts(TENANT, request, run.execution_id)
        if not attempt.late
    ]
    assert run.state is RequestState.COMPLETED
    assert sorted(counted) == sorted(ONCE)
