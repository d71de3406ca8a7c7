"""The ways through a graph are those that the engine's routing allows."""

from itertools import islice

from formicary.domain.parsed_job import parse_job
from formicary.domain.paths import paths
from tests.unit.domain.job_texts import BRANCHES, SENSOR, job


def told(text, variables=None):
    found = paths(parse_job(text).graph(variables or {}))
    return [
        " ".join([*(f"{s.task}:{s.outcome}" for s in path.steps), f"{path.end}{path.error_code}"])
        for path in found
    ]


def test_each_exit_code_and_each_awaited_failure_is_a_path() -> None:
    assert told(BRANCHES) == [
        "look:completed tidy:completed COMPLETED",
        "look:1 work:completed tidy:completed COMPLETED",
        "look:2 rest:completed tidy:completed COMPLETED",
        "look:failed tidy:completed FAILED",
    ]


def test_polling_and_restarting_a_task_is_no_path_of_its_own() -> None:
    found = told(SENSOR)

    assert found[0] == "poll:completed draw:completed COMPLETED"
    assert "poll:completed draw:4 FAILEDERR_BLAH" in found
    assert not any("404" in path or "draw:5" in path for path in found)


def test_exit_codes_of_one_meaning_share_a_path() -> None:
    text = job(
        "task_type: a, method: SHELL, script: [x], on_exit_code: {1: b, 2: b, 3: FATAL}",
        "task_type: b, method: SHELL, script: [x]",
    )

    assert told(text) == [
        "a:completed COMPLETED",
        "a:1, 2 b:completed COMPLETED",
        "a:3 FAILEDERR_FATAL",
    ]


def test_tasks_that_always_run_come_last_unless_they_ran_before() -> None:
    text = job(
        "task_type: a, method: SHELL, script: [x], on_exit_code: {1: FAILED}, on_completed: b",
        "task_type: b, method: SHELL, script: [x], always_run: true",
        "task_type: z, method: SHELL, script: [x], always_run: true",
    )

    assert told(text) == [
        "a:completed b:completed z:always COMPLETED",
        "a:1 b:always z:always FAILED",
    ]


def test_a_task_that_its_except_skips_goes_one_way() -> None:
    text = job(
        "task_type: a, method: SHELL, script: [x], except: '{{.Skip}}', on_failed: c, "
        "on_completed: b",
        "task_type: b, method: SHELL, script: [x]",
        "task_type: c, method: SHELL, script: [x]",
    )

    assert told(text, {"Skip": "true"}) == ["a:skipped b:completed COMPLETED"]
    assert len(told(text, {"Skip": "false"})) == 2


def test_very_many_paths_are_made_one_by_one() -> None:
    tasks = [
        f"task_type: t{n}, method: SHELL, script: [x], on_exit_code: {{1: u{n}}}, "
        f"on_completed: u{n}"
        if kind == "t"
        else f"task_type: u{n}, method: SHELL, script: [x]"
        + (f", on_completed: t{n + 1}" if n < 99 else "")
        for n in range(100)
        for kind in "tu"
    ]

    found = list(islice(paths(parse_job(job(*tasks)).graph({})), 1000))

    assert len({path.steps for path in found}) == 1000
