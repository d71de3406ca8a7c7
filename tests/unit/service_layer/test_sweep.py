"""The sweep on the engine: what was lost is sent again, and what was not changes nothing."""

import contextlib
from collections.abc import Callable

import pytest

from formicary.adapters.memory.in_memory_dead_letters import InMemoryDeadLetters
from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from formicary.adapters.memory.in_memory_socket_ants import InMemorySocketAnts
from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.adapters.memory.in_memory_told_ends import InMemoryToldEnds
from formicary.domain.events import TaskLost, TimerFired, TimerKind
from formicary.domain.gates import Claim, type_gate
from formicary.domain.housekeeping import Chore, HouseStep
from formicary.domain.job_run import ActivityState
from formicary.domain.messages import unpack_event
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.count_children import ChildCounter
from formicary.service_layer.keep_house import HouseKeeper
from formicary.service_layer.sweep_runs import message_to
from tests.unit.service_layer.engine_jobs import PIPELINE
from tests.unit.service_layer.engine_world import (
    TENANT,
    FunctionKilledError,
    Killer,
    Result,
    World,
)
from tests.unit.service_layer.test_fork_items import CHILD, PARENT, QUICK_CHILD, Broken, names
from tests.unit.service_layer.test_websocket_ants import ANN, SocketWorld


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


def swept(world: World) -> dict[str, int]:
    keeper = HouseKeeper(
        InMemoryTokenRepository(),
        world.definitions,
        world.runs,
        world.runs,
        world.objects,
        world.events,
        InMemoryDeadLetters(world.events, []),
        world.clock,
        world.ants,
        getattr(world, "sockets", InMemorySocketAnts()),
        world.gates,
        world.task_queues,
        InMemoryEventBus(),
        InMemoryToldEnds(),
        world.ids,
    )
    chore = Chore(tenant=TENANT, step=HouseStep.SWEEP)
    while not chore.done:
        chore = Chore.model_validate_json(keeper.do(chore).model_dump_json())
    return dict(chore.mended)


def test_a_request_whose_event_was_lost_begins_after_the_sweep():
    world, request = a_world()
    lose_events(world)
    world.settle()
    assert world.run(request).state is RequestState.PENDING

    world.clock.advance(60 * 60)
    assert swept(world) == {"never_begun": 1}
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert swept(world) == {}


def test_a_retry_whose_timer_was_lost_is_made_after_the_sweep():
    world, request = a_world()
    while world.handle_events() or world.work():
        pass
    lose_events(world)
    world.settle()
    assert world.run(request).state is RequestState.EXECUTING

    world.clock.advance(60 * 60)
    assert swept(world) == {"lost_timers": 1}
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert swept(world) == {}


ONCE = [("extract", 1), ("transform", 1), ("transform", 2), ("load", 1), ("cleanup", 1)]


def test_the_sweep_does_nothing_for_a_run_whose_events_are_under_way():
    world, request = a_world()
    assert swept(world) == {}
    while world.handle_events() or world.work():
        pass
    assert swept(world) == {}
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.ran == ONCE


def test_an_event_that_was_late_and_not_lost_leads_to_the_same_attempts():
    world, request = a_world()
    world.clock.advance(60 * 60)
    assert swept(world) == {"never_begun": 1}
    assert swept(world) == {"never_begun": 1}
    world.settle()

    run = world.run(request)
    counted = [
        (attempt.task_type, attempt.attempt)
        for attempt in world.runs.attempts(TENANT, request, run.execution_id)
        if not attempt.late
    ]
    assert run.state is RequestState.COMPLETED
    assert sorted(counted) == sorted(ONCE)


def lose_task(world: World) -> None:
    """Lose the one task message that there is."""
    got = world.receive_task()
    assert got is not None
    url, task = got
    world.task_queues.delete(url, task.receipt)


def handle_all(world: World) -> None:
    while world.handle_events():
        pass


ALL = [("extract", 1), ("transform", 1), ("load", 1), ("cleanup", 1)]


def test_a_task_whose_message_was_lost_runs_after_the_sweep_as_an_attempt_of_its_own():
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    handle_all(world)
    lose_task(world)
    assert swept(world) == {}
    world.clock.advance(60 * 60)

    assert swept(world) == {"lost_tasks": 1}
    handle_all(world)
    assert swept(world) == {}
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.ran == [("extract", 2), *ALL[1:]]


def test_a_task_that_no_ant_has_taken_is_not_sent_again():
    world = World()
    world.upload(PIPELINE)
    world.submit("pipeline", Name="ant")
    handle_all(world)
    world.clock.advance(5 * 24 * 60 * 60)

    assert swept(world) == {}
    world.settle()
    assert world.ran == ALL


def test_a_message_that_turns_up_after_all_is_run_once_and_its_double_is_refused():
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    handle_all(world)
    world.tell(world.run(request), TaskLost("extract", 1))
    handle_all(world)
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.ran == ALL


def test_a_message_that_comes_after_its_double_is_run_but_does_not_count():
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    handle_all(world)
    got = world.receive_task()
    assert got is not None
    hidden = got[1].message
    world.tell(world.run(request), TaskLost("extract", 1))
    handle_all(world)
    assert world.work()
    world.report(hidden, Result("7"))
    world.settle()

    run = world.run(request)
    late = [
        one.attempt for one in world.runs.attempts(TENANT, request, run.execution_id) if one.late
    ]
    assert run.state is RequestState.COMPLETED
    assert late == [1]
    assert world.tasks(request)["extract"].attempt == 2


FAMILY = """
job_type: family
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: pipeline
  variables: {Name: ant}
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""


def a_family() -> tuple[World, str, str]:
    """A parent that awaits its child, which has not begun."""
    world = World()
    world.upload(PIPELINE)
    world.upload(FAMILY)
    parent = world.submit("family")
    world.engine.handle(world.events.receive(1)[0].message)
    return world, parent, world.run(parent).child_request_id(0)


def test_a_parent_that_was_not_told_of_the_end_of_its_child_hears_of_it():
    world, parent, child = a_family()
    while not world.run(child).state.terminal:
        got = world.events.receive(1)
        if not got:
            assert world.work()
            continue
        world.engine.handle(got[0].message)
        world.events.delete(got[0].receipt)
    lose_events(world)
    world.settle()
    assert world.run(parent).state is RequestState.EXECUTING
    world.clock.advance(60 * 60)

    assert swept(world) == {"untold_parents": 1}
    world.settle()

    assert world.run(parent).state is RequestState.COMPLETED
    assert swept(world) == {}


def test_a_child_that_was_not_forked_is_forked_after_the_sweep():
    world = World(killer=Killer())
    world.upload(PIPELINE)
    world.upload(FAMILY)
    parent = world.submit("family")
    # It dies between the commit and the fork.
    world.killer.at = 3
    while not world.run(parent).active:
        world.handle_events()
        world.clock.advance(100)
    lose_events(world)
    world.settle()
    assert world.run(parent).state is RequestState.EXECUTING
    world.clock.advance(60 * 60)

    assert swept(world) == {"lost_tasks": 1}
    world.settle()

    assert world.run(parent).state is RequestState.COMPLETED


def test_a_child_that_was_not_told_to_end_is_cancelled_after_the_sweep():
    world, parent, child = a_family()
    handle_all(world)
    world.cancel(parent)
    while world.run(parent).state is not RequestState.CANCELLED:
        got = world.events.receive(1)[0]
        world.engine.handle(got.message)
        world.events.delete(got.receipt)
    for got in world.events.receive(1000):
        world.events.delete(got.receipt)
    assert world.run(child).state is RequestState.EXECUTING
    world.clock.advance(60 * 60)

    assert swept(world) == {"untold_children": 1}
    world.settle()

    assert world.run(child).state is RequestState.CANCELLED
    assert swept(world) == {}


LIMITED = """
job_type: limited
max_concurrency: 1
tasks:
- task_type: work
  method: SHELL
  script: [work]
"""
GATE = type_gate("limited")


def a_line() -> tuple[World, str, str]:
    """Two runs, of which the second waits for the slot of the first."""
    world = World()
    world.upload(LIMITED)
    first, second = world.submit("limited"), world.submit("limited")
    handle_all(world)
    return world, first, second


def test_a_run_that_was_not_woken_when_a_slot_was_free_begins_after_the_sweep():
    world, _, second = a_line()
    who = world.gates.holders(TENANT, GATE, 1)[0]
    assert world.work()
    handle_once(world)
    assert world.gates.give_back(TENANT, [Claim(GATE)], who.name, who.stint) is False
    lose_events(world)
    world.settle()
    assert world.run(second).state is RequestState.PENDING
    world.clock.advance(60 * 60)

    assert swept(world) == {"unwoken": 1}
    world.settle()

    assert world.run(second).state is RequestState.COMPLETED
    assert swept(world) == {}


def handle_once(world: World) -> None:
    """Handle what is on the queue now, and nothing that follows from it."""
    for got in world.events.receive():
        world.engine.handle(got.message)
        world.events.delete(got.receipt)


def test_a_slot_that_is_held_for_a_run_that_has_ended_is_given_back():
    world, _, _ = a_line()
    who = world.gates.holders(TENANT, GATE, 1)[0]
    world.settle()
    assert world.gates.take(TENANT, [Claim(GATE)], who, waited=False)
    third = world.submit("limited")
    world.settle()
    assert world.run(third).state is RequestState.PENDING
    world.clock.advance(60 * 60)

    assert swept(world) == {"kept_slots": 1}
    world.settle()

    assert world.run(third).state is RequestState.COMPLETED
    assert swept(world) == {}


def test_a_run_that_stands_in_no_line_though_it_waits_for_a_slot_is_asked_again():
    world, _, second = a_line()
    waiter = world.gates.line(TENANT, GATE, 1)[0]
    world.gates.stop_waiting(TENANT, GATE, waiter.rank, waiter.stint)
    world.settle()
    assert world.run(second).state is RequestState.PENDING
    world.clock.advance(60 * 60)

    assert swept(world) == {"out_of_line": 1}
    world.settle()

    assert world.run(second).state is RequestState.COMPLETED


def test_who_stands_in_line_for_nothing_leaves_it():
    world, _, _ = a_line()
    waiter = world.gates.line(TENANT, GATE, 1)[0]
    world.settle()
    world.gates.wait(TENANT, GATE, waiter)
    world.clock.advance(60 * 60)

    assert swept(world) == {"dead_waiters": 1}
    assert world.gates.line(TENANT, GATE, 1) == []
    assert swept(world) == {}


def a_websocket_task_without_a_timer(world: SocketWorld) -> str:
    """A client has a task, and the timer of its lease is lost."""
    world.register("c1", ant_id="one")
    request = world.submit("web-job")
    world.events_until_idle()
    lose_events(world)
    return request


def test_a_websocket_task_whose_lease_nobody_watches_is_given_to_another_after_the_sweep():
    world = SocketWorld()
    request = a_websocket_task_without_a_timer(world)
    world.server.leave(ANN, "c1")
    lose_events(world)
    world.register("c2", ant_id="two")
    assert swept(world) == {}  # it may be looked at still

    world.clock.advance(20 * 60)
    assert swept(world) == {"lost_timers": 1}
    world.events_until_idle()

    (task,) = world.tasks_of("c2")
    world.answer("c2", task)
    world.events_until_idle()
    assert world.run(request).state is RequestState.COMPLETED
    assert world.tasks(request)["process"].attempt == 2
    assert swept(world) == {}


def test_a_connection_that_can_no_longer_be_is_noticed_by_the_sweep():
    world = SocketWorld()
    a_websocket_task_without_a_timer(world)
    world.gateway.gone.add("c1")
    world.clock.advance(60 * 60)
    assert swept(world) == {}

    world.clock.advance(90 * 60)
    assert swept(world) == {"lost_timers": 1}
    world.events_until_idle()
    for _ in range(2):
        world.wait(61)
    world.register("c2", ant_id="two")

    assert len(world.tasks_of("c2")) == 1


def test_a_task_that_never_reached_its_websocket_ant_is_pushed_by_the_sweep():
    world = SocketWorld()
    world.register("c1", ant_id="one")
    request = world.submit("web-job")
    world.handle_events()
    lose_events(world)  # with the news that the client has begun
    assert world.run(request).active["process"].state is ActivityState.DISPATCHED
    world.clock.advance(20 * 60)

    assert swept(world) == {"lost_timers": 1}
    world.events_until_idle()

    assert len(world.tasks_of("c1")) == 2
    assert world.run(request).active["process"].state is ActivityState.EXECUTING
    assert swept(world) == {}


def test_a_look_by_the_sweep_sets_no_second_chain_of_timers_going():
    world = SocketWorld()
    world.register("c1", ant_id="one")
    request = world.submit("web-job")
    world.events_until_idle()
    run = world.run(request)
    for _ in range(2):
        look = TimerFired(TimerKind.SOCKET_LEASE, "process", 1, once=True)
        world.events.send(message_to(run, look))
    world.events_until_idle()
    world.wait(61)

    world.clock.advance(600)
    assert len(world.events.receive(100)) == 1


def test_a_websocket_ant_that_works_for_long_is_left_alone():
    world = SocketWorld()
    world.register("c1", ant_id="one")
    world.submit("web-job")
    world.events_until_idle()
    for _ in range(40):
        world.wait(61)
    assert swept(world) == {}

    world.server.leave(ANN, "c1")
    world.register("c1", ant_id="one")
    for _ in range(100):
        world.wait(61)
    assert swept(world) == {}


def test_a_task_that_waits_for_a_websocket_ant_is_left_alone():
    world = SocketWorld()
    world.submit("web-job")
    world.events_until_idle()
    lose_events(world)
    world.clock.advance(60 * 60)

    assert swept(world) == {}


def an_album(world: World, count: int, lost_of: int = 3) -> str:
    """A parent that waits for its many children: one of so many ends was lost."""
    world.upload(QUICK_CHILD)
    world.upload(PARENT)
    request = world.submit("album", Pictures=names(count))
    heard = 0
    while received := world.events.receive(1):
        (got,) = received
        if got.message.kind == "ChildFinished":
            heard += 1
        if got.message.kind != "ChildFinished" or heard % lost_of:
            world.handle(got.message)
        world.events.delete(got.receipt)
    world.clock.advance(60 * 60)
    return request


def test_ends_of_many_children_that_were_lost_are_counted_after_the_sweep():
    world = World()
    request = an_album(world, 130)

    assert swept(world) == {"untold_parents": 43}
    world.settle(limit=20_000)

    run = world.run(request)
    assert (run.state, run.fans[0].completed) == (RequestState.COMPLETED, 130)
    assert world.ran == [("publish", 1)]
    assert swept(world) == {}


def test_more_lost_ends_than_one_call_looks_at_are_found():
    world = World()
    request = an_album(world, 1005, lost_of=1)

    assert swept(world) == {"untold_parents": 1005}
    world.settle(limit=40_000)

    assert world.run(request).state is RequestState.COMPLETED


@pytest.mark.parametrize("at", [1, 2])
def test_a_count_that_was_broken_off_for_good_is_finished_after_the_sweep(at):
    """Function and event are lost after a page was counted, or after all pages were."""
    world = World()
    world.upload(QUICK_CHILD)
    world.upload(PARENT)
    request = world.submit("album", Pictures=names(101))

    class Losing:
        """Dies after so many counts of the last end."""

        left = 0

        def __getattr__(self, name):
            return getattr(world.runs, name)

        def count_once(self, *args):
            counted = world.runs.count_once(*args)
            self.left -= 1
            if not self.left:
                raise FunctionKilledError
            return counted

    losing = Losing()
    counter = ChildCounter(losing)
    last = 101
    while received := world.events.receive(1):
        (got,) = received
        if got.message.kind == "ChildFinished":
            last -= 1
            losing.left = at if not last else 0
            event = unpack_event(got.message)
            run = world.run(request)
            with contextlib.suppress(FunctionKilledError):
                counter.count(run, world.engine.situations.of(run, world.clock.now()).graph, event)
        else:
            world.handle(got.message)
        world.events.delete(got.receipt)
    world.clock.advance(60 * 60)

    assert swept(world) == {"untold_parents": 1}
    world.settle(limit=20_000)

    assert world.run(request).state is RequestState.COMPLETED
    assert swept(world) == {}


def test_lost_ends_of_children_that_a_restart_keeps_are_counted_after_the_sweep():
    broken = Broken(1)
    world = World(broken)
    world.upload(CHILD)
    world.upload(PARENT)
    request = world.submit("album", Pictures=names(5))
    world.settle()
    broken.numbers = set()
    world.restart(request)
    while received := world.events.receive(1):
        (got,) = received
        if got.message.kind != "ChildFinished":
            world.handle(got.message)
        world.events.delete(got.receipt)
    world.clock.advance(60 * 60)

    found = swept(world)
    world.settle()

    assert found["untold_parents"] == 4
    run = world.run(request)
    assert (run.state, run.fans[0].completed) == (RequestState.COMPLETED, 5)
