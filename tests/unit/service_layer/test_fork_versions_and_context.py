"""A fork may name a version of its child, and later tasks see what the child has set."""

import pytest

from formicary.domain.records import DefinitionVersion
from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_request import TaskMessage
from tests.unit.service_layer.engine_world import TENANT, Result, World

CHILD = """
job_type: io.formicary.tagger
sem_version: "{version}"
tasks:
- task_type: tag-{name}
  method: SHELL
  script: [tag]
"""
PARENT = """
job_type: release
tasks:
- task_type: fork-it
  method: FORK_JOB
  fork_job_type: {child}
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork-it]
  on_completed: publish
- task_type: publish
  method: SHELL
  script: ['publish {{{{(index . "fork-it").Tag}}}}']
"""


def story(child: str) -> tuple[World, str, dict[str, TaskMessage]]:
    seen: dict[str, TaskMessage] = {}

    def outcome(message: TaskMessage) -> Result:
        task_type = message.request.task_type
        seen[task_type] = message
        return Result(context={"Tag": f"by-{task_type}"} if task_type.startswith("tag") else {})

    world = World(outcome)
    for version, name in (("1.0", "one"), ("1.1", "two")):
        world.upload(CHILD.format(version=version, name=name))
    world.upload(PARENT.format(child=child))
    request = world.submit("release")
    world.settle()
    return world, request, seen


def test_later_tasks_see_what_the_child_has_set() -> None:
    world, request, seen = story("io.formicary.tagger")

    assert world.run(request).state is RequestState.COMPLETED
    assert seen["publish"].request.script == ["publish by-tag-two"]


@pytest.mark.parametrize(
    "child",
    [
        "io.formicary.tagger:1.0",
        "io.formicary.tagger:1",
        'io.formicary.tagger\n  fork_job_version: "1.0"',
        'io.formicary.tagger\n  job_version: "1"',
    ],
)
def test_a_fork_runs_the_version_that_it_names(child: str) -> None:
    _, _, seen = story(child)

    assert seen["publish"].request.script == ["publish by-tag-one"]


def test_a_version_that_there_is_not_fails_the_fork_with_words() -> None:
    world, request, _ = story("io.formicary.tagger:3.0")

    run = world.run(request)
    assert run.error_code == ErrorCode.FORK_FAILED
    assert "3.0" in run.error_message


def plugin_of_another(text: str) -> tuple[World, str]:
    """The child belongs to another tenant, the parent to ours."""
    world = World(lambda message: Result(context={"Tag": "plugin"}))
    publisher = "publisher"
    version = DefinitionVersion(
        publisher, "io.formicary.tagger", 1, text, "digest", world.clock.now(), "user"
    )
    world.definitions.save_version(version, {}, 0)
    world.definitions.publish(publisher, "io.formicary.tagger")
    world.upload(PARENT.format(child='"io.formicary.tagger:1.0"'))
    request = world.submit("release")
    world.settle()
    return world, request


def test_a_public_plugin_of_another_tenant_runs_as_a_child_in_ours() -> None:
    text = CHILD.format(version="1.0", name="one").replace("tasks:", "public_plugin: true\ntasks:")
    world, request = plugin_of_another(text)

    assert world.run(request).state is RequestState.COMPLETED
    (child,) = world.runs.list_runs(TENANT, job_type="io.formicary.tagger").records
    full = world.run(child.request_id)
    assert (full.tenant, full.defined_by) == (TENANT, "publisher")
    assert world.runs.list_runs("publisher").records == ()


def test_a_version_that_is_not_public_is_nobody_elses_to_run() -> None:
    world, request = plugin_of_another(CHILD.format(version="1.0", name="one"))

    assert world.run(request).error_code == ErrorCode.FORK_FAILED
