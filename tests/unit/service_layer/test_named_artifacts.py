"""Tasks that name artifacts by id: uploads, or those of other runs."""

from datetime import timedelta

import pytest

from formicary.domain.artifact import Artifact
from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_request import TaskMessage
from tests.unit.service_layer.engine_world import TENANT, Result, World

JOB = """
job_type: uses
tasks:
- task_type: build
  method: SHELL
  script: [build]
  artifacts:
    paths: [own.txt]
  on_completed: use
- task_type: use
  method: SHELL
  dependencies: [build]
  artifact_ids: {ids}
  dependent_artifact_ids: [words]
  script: [use]
"""


def _world(ids: str = "[model]") -> tuple[World, list[TaskMessage]]:
    handed: list[TaskMessage] = []

    def outcome(message: TaskMessage) -> Result:
        handed.append(message)
        return Result(artifacts=("own.txt",) if message.request.task_type == "build" else ())

    world = World(outcome)
    world.upload(JOB.replace("{ids}", ids))
    return world, handed


def _put(world: World, name: str, tenant: str = TENANT, hours: int = 1) -> None:
    expires = world.clock.now() + timedelta(hours=hours)
    artifact = Artifact(id=name, name=f"{name}.bin", key=f"t/{tenant}/u/{name}", expires_at=expires)
    world.runs.put_artifact(tenant, artifact)


def test_they_are_handed_to_the_task_after_those_of_its_dependencies() -> None:
    world, handed = _world('["{{.Model}}", words]')
    _put(world, "model")
    _put(world, "words")
    request = world.submit("uses", Model="model")
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    names = [artifact.name for artifact in handed[-1].dependencies]
    assert names == ["own.txt", "model.bin", "words.bin"]


@pytest.mark.parametrize(
    ("tenant", "hours", "said"),
    [
        ("another", 1, "artifact_ids: There is no artifact 'model'."),
        (TENANT, -1, "artifact_ids: The artifact 'model' expired at"),
    ],
)
def test_one_that_the_tenant_has_not_fails_the_task_in_words(
    tenant: str, hours: int, said: str
) -> None:
    world, handed = _world()
    _put(world, "model", tenant, hours)
    _put(world, "words")
    request = world.submit("uses")
    world.settle()

    run = world.run(request)
    assert (run.state, run.error_code) == (RequestState.FAILED, ErrorCode.VALIDATION)
    assert said in run.error_message
    assert [message.request.task_type for message in handed] == ["build"]


def test_more_than_a_task_is_given_fail_it_in_words() -> None:
    world, _ = _world(str([f"a{number}" for number in range(100)]))
    request = world.submit("uses")
    world.settle()

    assert "artifact_ids: there are 101; at most 100 are given" in world.run(request).error_message
