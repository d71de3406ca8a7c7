"""Tasks of the method EXPIRE_ARTIFACTS: the engine starts housekeeping and goes on."""

import pytest

from formicary.domain.states import RequestState
from tests.unit.service_layer.engine_world import TENANT, Killer, World

EXPIRING = """
job_type: expiring
tasks:
- task_type: expire
  method: EXPIRE_ARTIFACTS
  on_completed: work
- task_type: work
  method: SHELL
  script: ['true']
"""


def expire(killer: Killer | None = None) -> tuple[World, str]:
    world = World(killer=killer)
    world.upload(EXPIRING)
    return world, world.submit("expiring")


def test_it_starts_the_housekeeping_of_its_own_tenant_and_the_job_goes_on() -> None:
    world, request = expire()
    world.settle()

    assert list(world.house.started.values()) == [TENANT]
    assert world.run(request).state is RequestState.COMPLETED
    assert [task for task, _ in world.ran] == ["work"]
    assert world.tasks(request)["expire"].status is RequestState.COMPLETED


@pytest.mark.parametrize("before", [True, False], ids=["before the call", "after the call"])
@pytest.mark.parametrize("call", range(1, 12))
def test_a_function_that_dies_at_any_call_starts_it_under_one_name(call: int, before: bool) -> None:
    world, request = expire(Killer(call, before=before))
    world.settle()

    assert len(world.house.started) == 1
    assert world.run(request).state is RequestState.COMPLETED
