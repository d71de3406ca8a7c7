"""The sweep and the many children of a fork task: ends that were lost, cancels that were lost."""

from formicary.domain.events import CancelDue, ChildFinished
from formicary.domain.fork_items import BATCH, PAGE
from formicary.domain.states import RequestState
from formicary.domain.tally import ChildCounts, page_tally
from tests.unit.service_layer.engine_world import TENANT, World
from tests.unit.service_layer.test_fork_items import children_of, names, world_with
from tests.unit.service_layer.test_sweep import handle_all, swept


def settle_without(world: World, kind: str, lost: int) -> None:
    """Let all happen that can, but lose the first events of a kind."""
    while True:
        got = world.events.receive(1)
        if not got:
            if world.work():
                continue
            return
        if got[0].message.kind == kind and lost:
            lost -= 1
        else:
            world.engine.handle(got[0].message)
        world.events.delete(got[0].receipt)


def test_ends_that_were_lost_are_told_again_and_only_those():
    world = world_with()
    request = world.submit("album", Pictures=names(PAGE + 3))
    settle_without(world, ChildFinished.__name__, lost=2)
    assert world.run(request).state is RequestState.EXECUTING
    world.clock.advance(60 * 60)

    assert swept(world) == {"untold_parents": 2}
    world.settle(limit=20_000)

    run = world.run(request)
    assert run.state is RequestState.COMPLETED
    assert run.fans[0].completed == PAGE + 3
    assert swept(world) == {}


def test_children_that_are_counted_of_which_the_run_was_not_told_are_told_once_more():
    world = world_with()
    request = world.submit("album", Pictures=names(3))
    settle_without(world, ChildFinished.__name__, lost=1)
    # A function counts the last end and dies, and its event is lost, too.
    name = page_tally(0, world.run(request).forks[0], 0)
    counted = world.runs.tallies(TENANT, request, name)[name].marks
    (place,) = set(range(3)) - set(counted)
    world.runs.count_once(TENANT, request, name, place, ChildCounts(completed=1))
    world.clock.advance(60 * 60)

    assert swept(world) == {"untold_parents": 1}
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.run(request).fans[0].completed == 3


def test_children_whose_cancel_was_lost_are_cancelled_after_the_sweep():
    world = world_with()
    request = world.submit("album", Pictures=names(BATCH + 2))
    handle_all(world)
    world.cancel(request)
    while got := world.events.receive(1):
        if got[0].message.kind != CancelDue.__name__:
            world.engine.handle(got[0].message)
        world.events.delete(got[0].receipt)
    assert world.run(request).state is RequestState.CANCELLED
    assert {child.state for child in children_of(world, request)} == {RequestState.EXECUTING}
    world.clock.advance(60 * 60)

    assert swept(world) == {"untold_children": BATCH + 2}
    world.settle(limit=5000)

    assert {child.state for child in children_of(world, request)} == {RequestState.CANCELLED}
    assert swept(world) == {}
