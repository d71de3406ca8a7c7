"""Values that only rendering can tell, and what becomes of tasks that they spoil."""

import pytest

from formicary.domain.states import ErrorCode, RequestState
from tests.unit.service_layer.engine_jobs import CHILD, PIPELINE
from tests.unit.service_layer.engine_world import Result, World


def _one_task(extra: str, name: str = "work", method: str = "SHELL") -> str:
    return f"""
job_type: single
tasks:
- task_type: {name}
  method: {method}
{extra}
- task_type: after
  method: SHELL
  always_run: true
  script: [after]
"""


def test_a_rendered_route_to_nowhere_fails_the_task_with_words() -> None:
    world = World(lambda message: Result("3" if message.request.task_type == "work" else "0"))
    world.upload(
        _one_task("  script: [x]\n  on_exit_code:\n    3: '{{.Target}}'\n  on_completed: after")
    )
    request = world.submit("single", Target="nowhere")
    world.settle()
    run = world.run(request)
    assert (run.state, run.error_code) == (RequestState.FAILED, ErrorCode.VALIDATION)
    assert "nowhere" in run.error_message


def test_a_rendered_dependency_on_nothing_fails_the_task_with_words() -> None:
    world = World()
    world.upload(_one_task("  script: [x]\n  dependencies: ['{{.From}}']\n  on_completed: after"))
    request = world.submit("single", From="nothing")
    world.settle()
    assert world.run(request).error_code == ErrorCode.VALIDATION
    assert "nothing" in world.run(request).error_message


def test_a_rendered_task_too_large_for_a_message_fails_with_words() -> None:
    world = World()
    world.upload(_one_task("  script: ['echo {{.Big}}']\n  on_completed: after"))
    request = world.submit("single", Big='"' * 900_000)
    world.settle()
    run = world.run(request)
    assert (run.state, run.error_code) == (RequestState.FAILED, ErrorCode.VALIDATION)
    assert "too large" in run.error_message


FORK = "  fork_job_type: encode\n  variables: {Part: '1'}\n"


@pytest.mark.parametrize(
    "extra",
    [
        FORK + "  except: 'true'\n  on_completed: after",
        FORK + "  except: '{{if eq .Mode \"dry\"}} true {{end}}'\n  on_completed: after",
    ],
)
def test_a_fork_that_its_except_skips_forks_nothing(extra: str) -> None:
    world = World()
    world.upload(CHILD)
    world.upload(_one_task(extra, method="FORK_JOB"))
    request = world.submit("single", Mode="dry")
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
    assert world.tasks(request)["work"].exit_code == "SKIPPED"
    assert not world.runs.list_runs("acme", job_type="encode").records


def test_a_fork_may_not_hide_the_built_ins_of_its_child() -> None:
    world = World()
    world.upload(CHILD)
    extra = "  fork_job_type: encode\n  variables: {Part: '1', JobID: mine}\n  on_completed: after"
    world.upload(_one_task(extra, method="FORK_JOB"))
    request = world.submit("single")
    world.settle()
    assert world.run(request).error_code == ErrorCode.FORK_FAILED
    assert "JobID" in world.run(request).error_message


def test_a_cancel_wish_does_not_reach_the_next_execution() -> None:
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    world.handle_events()
    first = world.receive_task()
    assert first is not None
    world.cancel(request)
    world.handle_events()
    world.report(first[1].message, Result(status=RequestState.CANCELLED))
    world.settle()
    assert world.run(request).state is RequestState.CANCELLED
    wishes = set(world.ants.cancels("acme"))
    assert first[1].message.task_key in wishes

    world.restart(request)
    world.handle_events()
    again = world.receive_task()
    assert again is not None
    assert again[1].message.request.task_type == "extract"
    assert again[1].message.task_key not in wishes
