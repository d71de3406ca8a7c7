"""The engine on in-memory adapters: whole jobs, late and forged reports, functions that die."""

import pytest

from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.handle_event import Outcome
from tests.unit.service_layer.engine_world import Killer, Result, World

PIPELINE = """
job_type: pipeline
job_variables:
  Greeting: hello
tasks:
- task_type: extract
  method: SHELL
  script:
    - echo {{.Greeting}} {{.Name}}
  artifacts:
    paths: [rows.csv]
  on_completed: transform
- task_type: transform
  method: SHELL
  retry: 1
  delay_between_retries: 10s
  dependencies: [extract]
  script:
    - fetch {{.extract_ArtifactURL_1}}
  on_completed: load
- task_type: load
  method: SHELL
  tags: [Warehouse]
  script: [load]
- task_type: cleanup
  method: SHELL
  always_run: true
  script: [rm -rf scratch]
"""
CHILD = """
job_type: encode
required_params: [Part]
tasks:
- task_type: encode-part
  method: SHELL
  script: ["encode {{.Part}}"]
  artifacts:
    paths: [out.webm]
"""
PARENT = """
job_type: encode-all
tasks:
- task_type: fork-1
  method: FORK_JOB
  fork_job_type: encode
  variables: {Part: "1"}
  on_completed: fork-2
- task_type: fork-2
  method: FORK_JOB
  fork_job_type: encode
  variables: {Part: "{{.Name}}-2"}
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork-1, fork-2]
  on_completed: join
- task_type: join
  method: SHELL
  dependencies: [wait]
  script: [join]
"""


def _by_task(**results: Result):  # type: ignore[no-untyped-def]
    return lambda message: results.get(message.request.task_type.replace("-", "_"), Result())


def test_a_pipeline_runs_to_its_end_with_rendered_scripts_and_dependencies() -> None:
    seen: dict[str, TaskMessage] = {}

    def outcome(message: TaskMessage) -> Result:
        seen[message.request.task_type] = message
        return Result(artifacts=("rows.csv",) if message.request.task_type == "extract" else ())

    world = World(outcome)
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert [task for task, _ in world.ran] == ["extract", "transform", "load", "cleanup"]
    assert seen["extract"].request.script == ["echo hello ant"]
    assert "rows.csv" in seen["transform"].request.script[0]
    assert [a.path for a in seen["transform"].dependencies] == ["rows.csv"]
    assert seen["load"].request.tags == ["Warehouse"]
    assert world.tasks(request)["extract"].artifacts[0].job_request_id == request


def test_a_failed_attempt_is_kept_and_run_again_after_its_delay() -> None:
    answers = iter([Result("7"), Result("0")])
    world = World(
        lambda message: next(answers) if message.request.task_type == "transform" else Result()
    )
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    began = world.clock.now()
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
    attempts = world.runs.attempts("acme", request, world.run(request).execution_id, 1)
    assert [(a.attempt, a.exit_code) for a in attempts] == [(1, "7"), (2, "0")]
    assert (world.clock.now() - began).total_seconds() >= 10


def test_a_task_that_cannot_be_rendered_fails_with_the_place() -> None:
    world = World()
    world.upload(PIPELINE.replace("echo {{.Greeting}} {{.Name}}", "echo {{index .Greeting 99}}"))
    request = world.submit("pipeline", Name="ant")
    world.settle()
    run = world.run(request)
    assert run.state is RequestState.FAILED
    assert run.error_code == ErrorCode.VALIDATION


def test_templates_see_how_earlier_tasks_ended_and_what_they_forked() -> None:
    seen: list[str] = []

    def outcome(message: TaskMessage) -> Result:
        seen.extend(message.request.script)
        return Result(artifacts=("out.webm",))

    world = World(outcome)
    world.upload(CHILD)
    world.upload(
        PARENT.replace(
            "script: [join]",
            'script: [\'{{index . "fork-1-status"}} {{index . "join-status"}} '
            '{{(index . "fork-2").ForkedJobID}}\']',
        )
    )
    request = world.submit("encode-all", Name="film")
    world.settle()
    child = world.run(request).child_request_id(1)
    assert any(f"COMPLETED <no value> {child}" in line for line in seen)


def test_except_skips_a_task() -> None:
    world = World()
    world.upload(
        PIPELINE.replace(
            "  tags: [Warehouse]",
            '  tags: [Warehouse]\n  except: {{if eq .Name "ant"}} true {{end}}',
        )
    )
    request = world.submit("pipeline", Name="ant")
    world.settle()
    assert [task for task, _ in world.ran] == ["extract", "transform", "cleanup"]
    assert world.tasks(request)["load"].exit_code == "SKIPPED"


def test_forked_children_get_their_variables_and_hand_over_their_artifacts() -> None:
    parts: list[str] = []
    joined: list[TaskMessage] = []

    def outcome(message: TaskMessage) -> Result:
        if message.request.task_type == "join":
            joined.append(message)
            return Result()
        parts.append(str(message.request.variables["Part"].value))
        return Result(artifacts=("out.webm",))

    world = World(outcome)
    world.upload(CHILD)
    world.upload(PARENT)
    request = world.submit("encode-all", Name="film")
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
    assert sorted(parts) == ["1", "film-2"]
    paths = sorted(a.path for a in joined[0].dependencies)
    assert paths == ["fork-1/out.webm", "fork-2/out.webm", "out.webm"]


def test_a_fork_of_an_unknown_job_type_fails_the_task() -> None:
    world = World()
    world.upload(PARENT)
    request = world.submit("encode-all", Name="film")
    world.settle()
    assert world.run(request).error_code == ErrorCode.FORK_FAILED
    assert "encode" in world.run(request).error_message


def test_cancel_of_a_parent_cancels_its_children() -> None:
    world = World()
    world.upload(CHILD)
    world.upload(PARENT)
    request = world.submit("encode-all", Name="film")
    world.handle_events()
    child = world.run(request).child_request_id(0)
    world.cancel(request)
    world.settle()
    assert world.run(request).state is RequestState.CANCELLED
    assert world.run(child).state is RequestState.CANCELLED


def test_a_forged_report_is_refused_and_changes_nothing() -> None:
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    world.handle_events()
    got = world.receive_task()
    assert got is not None
    forged = got[1].message.model_copy(update={"proof": "0" * 32})
    world.report(forged, Result())
    message = world.events.receive()[0].message
    assert world.handle(message) is Outcome.FORGED
    assert set(world.run(request).active) == {"extract"}


def test_the_report_of_a_lost_ant_is_kept_as_late_and_changes_nothing() -> None:
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    world.handle_events()
    lost = world.receive_task()
    assert lost is not None
    world.clock.advance(31)

    world.settle()
    assert ("extract", 2) in world.ran
    assert world.run(request).state is RequestState.COMPLETED

    world.report(lost[1].message, Result("9"))
    message = world.events.receive()[0].message
    assert world.handle(message) is Outcome.STALE
    attempts = world.runs.attempts("acme", request, world.run(request).execution_id, 0)
    assert [(a.attempt, a.late) for a in attempts] == [(1, True), (2, False)]
    assert world.run(request).state is RequestState.COMPLETED


def test_a_restart_runs_what_failed_with_what_earlier_executions_left() -> None:
    answers = iter([Result("1"), Result("1"), Result("0")])
    seen: list[TaskMessage] = []

    def outcome(message: TaskMessage) -> Result:
        if message.request.task_type == "transform":
            seen.append(message)
            return next(answers)
        return Result(artifacts=("rows.csv",))

    world = World(outcome)
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    world.settle()
    assert world.run(request).state is RequestState.FAILED
    world.restart(request)
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
    assert [task for task, _ in world.ran].count("extract") == 1
    assert [a.path for a in seen[-1].dependencies] == ["rows.csv"]


def test_an_artifact_outside_the_attempt_is_refused_with_a_warning() -> None:
    world = World()
    world.upload(PIPELINE)
    request = world.submit("pipeline", Name="ant")
    world.handle_events()
    got = world.receive_task()
    assert got is not None
    stolen = got[1].message.model_copy(update={"object_prefix": "t/other/r/1/"})
    world.report(stolen, Result(artifacts=("secret.txt",)))
    world.handle_events()
    attempt = world.tasks(request)["extract"]
    assert attempt.artifacts == []
    assert "refused" in attempt.warnings[0]


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
