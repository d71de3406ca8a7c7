"""The engine on in-memory adapters: whole jobs, late and forged reports."""

from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.handle_event import Outcome
from tests.unit.service_layer.engine_jobs import CHILD, PARENT, PIPELINE
from tests.unit.service_layer.engine_world import Result, World


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
