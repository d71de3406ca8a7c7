"""A function that dies between any two calls changes nothing of how a job ends."""

import pytest

from formicary.domain.states import RequestState
from tests.unit.service_layer.engine_jobs import CHILD, PARENT
from tests.unit.service_layer.engine_world import Killer, Result, World


def _by_task(**results: Result):  # type: ignore[no-untyped-def]
    return lambda message: results.get(message.request.task_type.replace("-", "_"), Result())


def _story(killer: Killer) -> tuple[World, str]:
    world = World(_by_task(join=Result(context={"done": "yes"})), killer)
    world.upload(CHILD)
    world.upload(PARENT)
    return world, world.submit("encode-all", Name="film")


def _calls_of_the_story() -> int:
    killer = Killer()
    world, _ = _story(killer)
    world.settle()
    return killer.calls


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_function_killed_at_any_call_changes_nothing_of_how_the_job_ends(before: bool) -> None:
    for at in range(1, _calls_of_the_story() + 1):
        world, request = _story(Killer(at=at, before=before))
        world.settle()
        run = world.run(request)
        assert run.state is RequestState.COMPLETED, f"killed at call {at}"
        assert run.context == {"done": "yes"}
        assert set(world.tasks(request)) == {"fork-1", "fork-2", "wait", "join"}
        children = world.runs.list_runs("acme", job_type="encode").records
        assert len(children) == 2
        assert all(child.state is RequestState.COMPLETED for child in children)
