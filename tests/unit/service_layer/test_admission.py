"""Limits are kept, the line keeps its order, and no slot is lost, whatever happens in between."""

import pytest

from formicary.domain.events import (
    PauseRequested,
    ResumeRequested,
)
from formicary.domain.gates import TENANT_GATE, Gate, TenantLimits, type_gate, user_gate
from formicary.domain.states import RequestState
from formicary.service_layer.admission import Admission
from tests.unit.service_layer.engine_world import TENANT, Killer, World

LIMITED = """
job_type: limited
max_concurrency: 2
tasks:
- task_type: work
  method: SHELL
  script: [work]
"""
UNLIMITED = LIMITED.replace("max_concurrency: 2\n", "")
GATE = type_gate("limited")
FAMILY = """
job_type: family
max_concurrency: 1
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: limited
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""


def limited_world(killer: Killer | None = None) -> World:
    world = World(killer=killer)
    world.upload(LIMITED)
    return world


def begun(world: World, *requests: str) -> list[bool]:
    while world.handle_events():
        pass
    return [world.run(request).state is RequestState.EXECUTING for request in requests]


def assert_nothing_is_held(world: World, *gates: str) -> None:
    for name in gates or (GATE,):
        gate = world.gates.find(TENANT, name)
        assert gate is not None
        assert gate.free == gate.limit
        assert not world.gates.line(TENANT, name, 9)
        assert not world.gates.holders(TENANT, name, 9)


def test_no_more_runs_begin_than_the_limit_allows() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(5)]

    assert begun(world, *requests) == [True, True, False, False, False]
    assert [world.run(r).state for r in requests[2:]] == [RequestState.PENDING] * 3


def test_every_waiting_run_has_its_turn() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(30)]

    world.settle()

    assert {world.run(r).state for r in requests} == {RequestState.COMPLETED}
    assert_nothing_is_held(world)


def test_a_run_that_ends_lets_the_next_begin() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(4)]
    begun(world)

    assert world.work()

    assert begun(world, *requests)[2:] == [True, False]


def test_the_higher_priority_begins_first_then_the_older() -> None:
    world = limited_world()
    running = [world.submit("limited") for _ in range(2)]
    begun(world)
    first, second = world.submit("limited"), world.submit("limited")
    world.priority = 5
    urgent = world.submit("limited")
    begun(world)

    world.work()
    assert begun(world, *running, first, second, urgent)[2:] == [False, False, True]
    world.work()
    assert begun(world, first, second) == [True, False]


def test_nobody_overtakes_those_who_wait() -> None:
    world = limited_world()
    running = [world.submit("limited") for _ in range(2)]
    begun(world)
    waiting = world.submit("limited")
    begun(world)
    world.cancel(running[0])
    late = world.submit("limited")

    assert begun(world, waiting, late) == [True, False]


def test_a_waiting_run_that_is_cancelled_leaves_the_line() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(4)]
    begun(world)

    world.cancel(requests[2])
    begun(world)
    world.work()

    assert begun(world, requests[3]) == [True]
    world.settle()
    assert_nothing_is_held(world)


def test_a_restarted_run_takes_its_slot_again() -> None:
    world = limited_world()
    request = world.submit("limited")
    world.settle()
    others = [world.submit("limited") for _ in range(2)]
    begun(world)

    world.restart(request, hard=True)

    assert begun(world, request) == [False]
    assert world.run(request).state is RequestState.PENDING
    world.settle()
    assert {world.run(r).state for r in (request, *others)} == {RequestState.COMPLETED}
    assert_nothing_is_held(world)


def test_a_higher_limit_lets_those_begin_who_wait() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(20)]
    begun(world)

    Admission(world.gates, world.events).set_limit(TENANT, GATE, 15, "test")

    assert sum(begun(world, *requests)) == 15


def test_a_limit_that_is_removed_lets_all_begin() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(40)]
    begun(world)

    Admission(world.gates, world.events).set_limit(TENANT, GATE, None, "test")

    assert all(begun(world, *requests))


def test_a_lower_limit_ends_nobody_and_holds_back_the_next() -> None:
    world = limited_world()
    requests = [world.submit("limited") for _ in range(3)]
    begun(world)

    Admission(world.gates, world.events).set_limit(TENANT, GATE, 1, "test")
    world.work()

    assert begun(world, *requests)[2] is False
    world.settle()
    assert_nothing_is_held(world)


def test_a_run_without_limits_touches_no_gate() -> None:
    world = World()
    world.upload(UNLIMITED)
    request = world.submit("limited")

    world.settle()

    assert world.run(request).gates == ()
    assert world.gates.find(TENANT, GATE) is None


def test_tenants_and_users_are_limited_over_all_their_jobs() -> None:
    world = limited_world()
    world.gates.put_tenant_limits(TENANT, TenantLimits(3, 1))
    world.upload(UNLIMITED.replace("limited", "other"))
    requests = [world.submit("limited"), world.submit("other")]

    assert begun(world, *requests) == [True, False]
    world.settle()
    assert_nothing_is_held(world, GATE, TENANT_GATE, user_gate("user"))
    assert world.run(requests[1]).state is RequestState.COMPLETED


def test_a_child_does_not_wait_for_what_its_family_holds() -> None:
    world = World()
    world.upload(FAMILY.replace("fork_job_type: limited", "fork_job_type: middle"))
    world.upload(
        FAMILY.replace("job_type: family", "job_type: middle").replace(
            "fork_job_type: limited", "fork_job_type: family"
        )
    )
    request = world.submit("family")
    for _ in range(400):
        if world.run(request).state.terminal or not (world.handle_events() or world.work()):
            break

    # It forks itself until the depth is exceeded; nobody waits for ever at a gate of the family.
    assert world.run(request).state is RequestState.FAILED
    assert_nothing_is_held(world, type_gate("family"), type_gate("middle"))


def _story(killer: Killer) -> tuple[World, list[str]]:
    """Two gates each, four runs, one cancelled in line, one while it runs."""
    world = limited_world(killer)
    world.gates.put_tenant_limits(TENANT, TenantLimits(max_concurrency=1))
    requests = [world.submit("limited") for _ in range(4)]
    world.handle_events()
    world.cancel(requests[1])
    world.handle_events()
    world.cancel(requests[0])
    world.settle()
    return world, requests


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_function_killed_at_any_call_loses_no_slot(before: bool) -> None:
    counting = Killer()
    _story(counting)
    for at in range(1, counting.calls + 1):
        world, requests = _story(Killer(at=at, before=before))
        states = [world.run(request).state for request in requests]
        assert all(state.terminal for state in states), f"killed at call {at}"
        assert states[2:] == [RequestState.COMPLETED] * 2, f"killed at call {at}"
        assert_nothing_is_held(world, GATE, TENANT_GATE)


def test_a_slot_taken_for_a_run_that_was_cancelled_meanwhile_is_given_back() -> None:
    world = limited_world()
    request = world.submit("limited")
    (submitted,) = world.events.pending()
    run = world.run(request)
    admission = Admission(world.gates, world.events)
    world.cancel(request)
    (_, cancelled) = world.events.pending()
    world.handle(cancelled)
    admission.acquire(run, 0, waited=False)
    assert world.gates.find(TENANT, GATE) == Gate(GATE, 2, 1)

    world.handle(submitted)

    assert_nothing_is_held(world)


def paused(world: World, request: str) -> None:
    run = world.run(request)
    world.tell(run, PauseRequested(after=run.holds))


def resumed(world: World, request: str) -> None:
    world.tell(world.run(request), ResumeRequested(hold=world.run(request).holds))


TWO_TASKS = (
    LIMITED.replace("max_concurrency: 2", "max_concurrency: 1")
    + """\
  on_completed: more
- task_type: more
  method: SHELL
  script: [more]
"""
)


def test_a_paused_run_gives_its_slot_away_and_goes_on_when_it_has_one_again() -> None:
    world = World()
    world.upload(TWO_TASKS)
    first, second = world.submit("limited"), world.submit("limited")
    begun(world)
    paused(world, first)
    assert begun(world, second) == [False]

    world.work()

    assert begun(world, first, second) == [False, True]
    assert world.run(first).state is RequestState.PAUSED
    resumed(world, first)
    assert begun(world, first, second) == [False, True]
    world.settle()
    assert {world.run(r).state for r in (first, second)} == {RequestState.COMPLETED}
    assert len(world.ran) == 4
    assert_nothing_is_held(world)


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_run_that_waits_to_go_on_may_be_paused_again_or_cancelled(verb: str) -> None:
    world = World()
    world.upload(TWO_TASKS)
    first, second = world.submit("limited"), world.submit("limited")
    begun(world)
    paused(world, first)
    begun(world)
    world.work()
    begun(world)
    resumed(world, first)
    begun(world)
    assert world.gates.line(TENANT, GATE, 9)

    if verb == "pause":
        paused(world, first)
    else:
        world.cancel(first)
    begun(world)

    assert not world.gates.line(TENANT, GATE, 9)
    world.settle()
    assert world.run(second).state is RequestState.COMPLETED
    if verb == "pause":
        assert world.run(first).state is RequestState.PAUSED
        resumed(world, first)
        world.settle()
        assert world.run(first).state is RequestState.COMPLETED
    assert_nothing_is_held(world)
