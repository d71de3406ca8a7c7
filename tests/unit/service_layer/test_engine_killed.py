"""A function that dies between any two calls changes nothing of how a job ends."""

from collections import Counter
from collections.abc import Callable

import pytest

from formicary.domain.events import PauseRequested, ResumeRequested
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from tests.unit.service_layer.engine_jobs import CHILD, DIAMOND, PARENT, SECOND_TRY
from tests.unit.service_layer.engine_world import Killer, Result, World

Story = Callable[[Killer], tuple[World, str]]


def _by_task(**results: Result):  # type: ignore[no-untyped-def]
    return lambda message: results.get(message.request.task_type.replace("-", "_"), Result())


def forks(killer: Killer) -> tuple[World, str]:
    world = World(_by_task(join=Result(context={"done": "yes"})), killer)
    world.upload(CHILD)
    world.upload(PARENT)
    return world, world.submit("encode-all", Name="film")


def joins(killer: Killer) -> tuple[World, str]:
    world = World(_by_task(join=Result(context={"done": "yes"})), killer)
    world.upload(DIAMOND)
    return world, world.submit("diamond")


def retries(killer: Killer) -> tuple[World, str]:
    """The first execution fails in `work`, the second completes."""

    def outcome(message: TaskMessage) -> Result:
        request = message.request
        if request.task_type == "work" and request.job_retry == 0:
            return Result("7")
        return Result(context={"done": "yes"} if request.task_type == "work" else {})

    world = World(outcome, killer)
    world.upload(SECOND_TRY)
    return world, world.submit("second-try")


def pauses(killer: Killer) -> tuple[World, str]:
    """Paused before it begins, and resumed: both wishes wait in the queue from the start."""
    world, request = joins(killer)
    world.tell(world.run(request), PauseRequested(after=0))
    world.tell(world.run(request), ResumeRequested(hold=1))
    return world, request


def calls_of(story: Story) -> int:
    killer = Killer()
    world, _ = story(killer)
    world.settle()
    return killer.calls


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("story", [forks, joins, retries, pauses])
def test_a_function_killed_at_any_call_changes_nothing_of_how_the_job_ends(
    story: Story, before: bool
) -> None:
    quiet, known = story(Killer())
    quiet.settle()
    tasks = set(quiet.tasks(known))
    for at in range(1, calls_of(story) + 1):
        world, request = story(Killer(at=at, before=before))
        world.settle()
        run = world.run(request)
        if run.hold:
            # The wish to resume came first, and came to nothing.
            world.tell(run, ResumeRequested(hold=run.holds))
            world.settle()
            run = world.run(request)
        assert run.state is RequestState.COMPLETED, f"killed at call {at}"
        assert run.context == {"done": "yes"}
        assert set(world.tasks(request)) == tasks
        assert not run.active
        children = world.runs.list_runs("acme", job_type="encode").records
        assert len(children) == (2 if story is forks else 0)
        assert all(child.state is RequestState.COMPLETED for child in children)


def test_no_death_runs_a_task_of_the_kept_part_again() -> None:
    for at in range(1, calls_of(retries) + 1):
        world, request = retries(Killer(at=at))
        world.settle()
        ran = Counter(task for task, _ in world.ran)
        assert ran["setup"] == 1, f"killed at call {at}"
        assert world.run(request).retried == 1
