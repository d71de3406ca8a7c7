"""The cost of an event does not grow with what waits beside it."""

from collections import Counter

import pytest

from formicary.domain.events import CancelRequested
from tests.bench import jobs, many
from tests.bench.counting_world import World


def waiting_world(count: int) -> tuple[World, list[str]]:
    world = World()
    world.define(jobs.chain("limited", 1) + "max_concurrency: 2\n")
    runs = [world.submit("limited").request_id for _ in range(2 + count)]
    world.settle()
    return world, runs


def cost_of_joining(count: int) -> Counter[str]:
    world, _ = waiting_world(count)
    world.submit("limited")
    return world.counted()


def cost_of_going_on(count: int) -> Counter[str]:
    world, runs = waiting_world(count)
    first = world.runs.find("bench", runs[0])
    assert first is not None
    world.tell(first, CancelRequested())
    return world.counted()


@pytest.mark.parametrize("cost", [cost_of_joining, cost_of_going_on])
def test_a_long_line_costs_what_a_short_one_costs(cost) -> None:  # type: ignore[no-untyped-def]
    assert cost(300) == cost(5)


def test_a_thousand_children_cost_their_parent_an_event_what_ten_cost() -> None:
    few, _, _ = many.costs_of_children(10)
    hundred, _, _ = many.costs_of_children(100)
    thousand, _, _ = many.costs_of_children(1_000)

    for what in list(few)[1:]:
        assert few[what] == hundred[what] == thousand[what], what
    batch = "the event that forks for 25 items"
    assert hundred[batch] == thousand[batch]


def test_a_task_of_hundreds_costs_what_one_of_ten_costs() -> None:
    assert many.costs_of_tasks(300) == many.costs_of_tasks(10)
