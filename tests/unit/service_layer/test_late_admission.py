"""Functions that come late to the gates, or died there, keep nothing from others."""

from dataclasses import replace
from typing import Any

import pytest

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.events import JobSubmitted, SlotFreed
from formicary.domain.gates import TenantLimits
from formicary.domain.states import RequestState
from formicary.service_layer.admission import Admission, applicant_of
from tests.unit.service_layer.engine_world import TENANT, FunctionKilledError, Result, World
from tests.unit.service_layer.test_admission import (
    GATE,
    LIMITED,
    assert_nothing_is_held,
    begun,
    limited_world,
)

FINALIZED = (
    LIMITED.replace("max_concurrency: 2", "max_concurrency: 2\nretry: 1")
    + """\
- task_type: tidy
  method: SHELL
  always_run: true
  script: [tidy]
"""
)


def test_a_slot_taken_for_an_execution_that_two_have_followed_is_given_back() -> None:
    """Seed 105350 of the simulator: a function took it long after, and died before it was told."""
    world = limited_world()
    request = world.submit("limited")
    world.settle()
    first = applicant_of(world.run(request), 0)
    for _ in range(2):
        world.restart(request)
        world.settle()
    run = world.run(request)
    assert run.stint > 1
    assert world.gates.take(TENANT, run.gates, first, waited=False)

    Admission(world.gates, world.events).refused(run, JobSubmitted())

    assert_nothing_is_held(world)


def test_slots_taken_while_another_execution_has_begun_and_ended_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 31229 of the simulator: another function had the event, too, and has dealt with it."""
    world = limited_world()
    request = world.submit("limited")
    (submitted,) = world.events.pending()
    take = world.gates.take

    def take_late(*args: Any, **kwargs: Any) -> bool:
        monkeypatch.undo()
        world.settle()
        world.restart(request)
        world.settle()
        return take(*args, **kwargs)

    monkeypatch.setattr(world.gates, "take", take_late)
    with pytest.raises(ConcurrentUpdateError):
        world.handle(submitted)

    assert world.run(request).state is RequestState.COMPLETED
    assert_nothing_is_held(world)


def test_a_place_left_behind_by_who_has_its_slots_keeps_no_slot_from_the_next() -> None:
    """A function died in line; the event came again, and took slots as if it had never waited."""
    world = limited_world()
    requests = [world.submit("limited") for _ in range(3)]
    begun(world)
    world.gates.wait(TENANT, GATE, applicant_of(world.run(requests[0]), 0))

    world.cancel(requests[1])

    assert begun(world, *requests) == [True, False, True]


def test_a_slot_taken_for_a_retry_is_given_back_while_the_cancelled_run_tidies_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once seed 110114 of the simulator: the function died before it told the run."""
    world = World(outcomes=lambda message: Result("1"))
    world.upload(FINALIZED)
    request = world.submit("limited")
    begun(world)
    take = world.gates.take

    def take_and_die(*args: Any, **kwargs: Any) -> bool:
        take(*args, **kwargs)
        raise FunctionKilledError

    monkeypatch.setattr(world.gates, "take", take_and_die)
    assert world.work()
    begun(world)
    monkeypatch.undo()
    world.cancel(request)
    begun(world)
    assert "tidy" in world.run(request).active
    assert world.gates.holders(TENANT, GATE, 9)

    world.clock.advance(90)
    begun(world)

    assert "tidy" in world.run(request).active
    assert_nothing_is_held(world)


@pytest.mark.parametrize(("ends_before", "most"), [(False, 0), (True, 10)])
def test_wake_ups_that_come_twice_do_not_become_more_and_more(
    *, ends_before: bool, most: int
) -> None:
    """Each that nobody needs leads to one other at most, though slots are free and many wait."""
    world = limited_world()
    request = world.submit("limited")
    if ends_before:
        world.settle()
    for _ in range(30):
        world.submit("limited")
    while world.handle_events():
        pass
    world.gates.limit(TENANT, GATE, 12)
    run = world.run(request)

    for _ in range(10):
        Admission(world.gates, world.events).refused(run, SlotFreed(run.stint, "somebody"))

    assert len(world.gates.line(TENANT, GATE, 100)) > 20
    assert len(world.events.pending()) == most


def test_who_looks_in_vain_wakes_one_and_no_more() -> None:
    """While calls fail, slots stay free, and each of many that look is woken again and again."""
    world = limited_world()
    for _ in range(30):
        world.submit("limited")
    while world.handle_events():
        pass
    world.gates.limit(TENANT, GATE, 5)
    last = world.run(world.gates.line(TENANT, GATE, 100)[-1].request_id)

    for _ in range(10):
        assert Admission(world.gates, world.events).acquire(last, last.stint, waited=True) is None

    assert len(world.events.pending()) == 10


def test_who_looks_in_vain_wakes_nobody_in_lines_where_it_stands_no_more() -> None:
    """Seed 300051 of the simulator: each of many looks called for two more, without end."""
    world = World()
    world.gates.put_tenant_limits(TENANT, TenantLimits(users={"user": 1}))
    world.upload(LIMITED)
    requests = [world.submit("limited") for _ in range(3)]
    begun(world)
    stands_elsewhere = world.run(requests[1])
    for number in range(20):
        other = replace(
            applicant_of(stands_elsewhere, 0), request_id=f"r{number}", rank=f"z{number}"
        )
        world.gates.wait(TENANT, GATE, other)

    for _ in range(10):
        admission = Admission(world.gates, world.events)
        assert admission.acquire(stands_elsewhere, 0, waited=True) is None

    assert len(world.gates.line(TENANT, GATE, 100)) == 20
    assert world.events.pending() == []
