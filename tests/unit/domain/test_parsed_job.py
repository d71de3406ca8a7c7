"""Definitions are read once and rendered a task at a time."""

import json
from collections.abc import Iterator, Mapping

import pytest

from formicary.domain.parsed_job import parse_job
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod
from formicary.domain.templating import TemplateError
from tests.unit.domain.job_texts import (
    ALL,
    BRANCHES,
    BUILD,
    FORKS,
    PIPELINE,
    SENSOR,
    faults_of,
    job,
)


class CountingVariables(Mapping[str, str]):
    """Variables that remember which were looked up."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.asked.append(name)
        return "value"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, name: object) -> bool:
        return True


@pytest.mark.parametrize("name", ALL)
def test_jobs_in_the_forms_that_users_write_are_accepted(name: str) -> None:
    assert faults_of(ALL[name]) == ()


def test_only_the_named_task_is_rendered_whatever_the_number_of_tasks() -> None:
    count = 1000
    tasks = [
        f"task_type: t{i}, method: SHELL, script: ['echo {{{{.V{i}}}}}']"
        + (f", on_completed: t{i + 1}" if i < count - 1 else "")
        for i in range(count)
    ]
    parsed = parse_job(job(*tasks))
    variables = CountingVariables()

    rendered = parsed.render_task("t500", variables)

    assert rendered.task.script == ["echo value"]
    assert variables.asked == ["V500"]


def test_a_task_whose_name_begins_another_name_is_not_mistaken_for_it() -> None:
    parsed = parse_job(
        job(
            "task_type: build-all, method: SHELL, script: [all], on_completed: build",
            "task_type: build, method: SHELL, script: ['{{.X}}']",
        )
    )

    assert parsed.render_task("build", {"X": "one"}).task.script == ["one"]
    with pytest.raises(KeyError):
        parsed.render_task("buil", {})


def test_a_template_without_quotes_is_typed_by_its_field() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [a]\n"
        "  retry: {{.N}}\n  timeout: {{.T}}\n  always_run: {{.Always}}\n"
    )

    task = parsed.render_task("x", {"N": "3", "T": "1m", "Always": True}).task

    assert (task.retry, task.timeout, task.always_run) == (3, 60.0, True)
    with pytest.raises(TemplateError, match=r"retry .*no value") as caught:
        parsed.render_task("x", {"T": "1m", "Always": True})
    assert (caught.value.line, caught.value.column) == (6, 10)


def test_values_of_variables_are_typed_only_where_nothing_is_lost() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [a]\n  variables:\n"
        '    Number: {{.N}}\n    Text: "{{.N}}"\n    Commit: {{.C}}\n    Zip: {{.Z}}\n'
        "    Truth: {{.T}}\n    Plain: 50\n    Word: on\n"
    )

    variables = {"N": "7", "C": "12e4567", "Z": "01234", "T": True}

    assert parsed.render_task("x", variables).task.variables == {
        "Number": 7,
        "Text": "7",
        "Commit": "12e4567",
        "Zip": "01234",
        "Truth": True,
        "Plain": 50,
        "Word": "on",
    }


def test_environment_keeps_the_text_as_written() -> None:
    task = parse_job(BUILD).render_task("build", {"Token": "t", "Jobs": 2}).task

    assert task.environment == {"GO111MODULE": "on", "CGO_ENABLED": "0", "RELEASE": "1.10"}
    assert task.before_script == ["git clone https://t@example.org/library.git ."]


def test_a_value_cannot_add_lines_or_keys_to_the_job() -> None:
    parsed = parse_job(PIPELINE)
    evil = "x\n  method: SHELL\n- task_type: evil # '\"}}{{.Secret}}"

    task = parsed.render_task("shrink", {"Format": evil, "Width": 3, "Secret": "s"}).task

    assert task.script == [f"convert large.{evil} -resize 3 small.{evil}"]
    assert task.method is TaskMethod.KUBERNETES


@pytest.mark.parametrize(("seconds", "url"), [(1, "not-yet"), (3, "there")])
def test_a_condition_over_lines_chooses_at_rendering(seconds: int, url: str) -> None:
    task = parse_job(SENSOR).render_task("poll", {"JobElapsedSecs": seconds}).task

    assert task.script == [f"https://example.org/{url}"]


@pytest.mark.parametrize("opening", ["{{if .Fast}}", "{ { if .Fast } }", "    {{- if .Fast -}}"])
def test_conditions_over_lines_are_taken_in_every_form(opening: str) -> None:
    closing = "{ { end } }" if "{ {" in opening else "{{end}}"
    parsed = parse_job(
        f"job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script:\n    - one\n{opening}\n"
        f"    - two\n{closing}\n    - three\n"
    )

    assert parsed.render_task("x", {"Fast": True}).task.script == ["one", "two", "three"]
    assert parsed.render_task("x", {}).task.script == ["one", "three"]
    assert parsed.definition.tasks[0].script == ["one", "two", "three"]


def test_conditions_may_choose_a_key_a_task_or_lines_of_a_block() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n{{if .Fast}}\n  on_completed: y\n"
        "{{else}}\n  on_completed: z\n{{end}}\n  script:\n    - |\n      begin\n{{if .Fast}}\n"
        "      fast {{.Fast}}\n{{else}}\n      slow\n{{end}}\n      end\n"
        "- task_type: y\n  method: SHELL\n  script: [y]\n  on_completed: z\n"
        "{{if .Win}}\n- task_type: z\n  method: SHELL\n  script: [dir]\n{{else}}\n"
        "- task_type: z\n  method: DOCKER\n  script: [ls]\n{{end}}\n"
    )

    fast, slow = {"Fast": "1", "Win": 1}, {"Fast": ""}

    assert parsed.graph(fast).node("x").on_completed == ("y",)
    assert parsed.graph(slow).node("x").on_completed == ("z",)
    assert parsed.render_task("x", fast).task.script == ["begin\nfast 1\nend\n"]
    assert parsed.render_task("x", slow).task.script == ["begin\nslow\nend\n"]
    assert parsed.render_task("z", fast).task.script == ["dir"]
    assert parsed.render_task("z", slow).task.script == ["ls"]
    assert parsed.graph(slow).node("z").method is TaskMethod.DOCKER
    assert [parsed.graph(fast).name(i) for i in range(3)] == ["x", "y", "z"]


def test_a_task_left_out_by_a_condition_is_skipped() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n  on_completed: y\n"
        "{{if .Y}}\n- task_type: y\n  method: SHELL\n  script: [y]\n  on_completed: z\n{{end}}\n"
        "- task_type: z\n  method: SHELL\n  script: [z]\n"
    )

    assert parsed.render_task("y", {"Y": 1}).task.except_ == ""
    skipped = parsed.render_task("y", {}).task
    assert (skipped.except_, skipped.on_completed) == ("true", ("z",))


def test_variables_declared_above_are_seen_below() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n{{$who := .Name}}\n- task_type: x\n  method: SHELL\n"
        '  script: ["echo {{$who}}"]\n'
    )

    assert parsed.render_task("x", {"Name": "ant"}).task.script == ["echo ant"]


def test_the_graph_of_a_job_without_templates_in_its_policy_is_made_once() -> None:
    parsed = parse_job(BRANCHES)

    graph = parsed.graph({"ExitCode": 1})

    assert parsed.graph({"ExitCode": 2}) is graph
    assert (graph.size, graph.start_tasks, graph.always_run_tasks) == (4, ["look"], ["tidy"])
    node = graph.node("look")
    assert node.exit_routes == {"1": "work", "2": "rest"}
    assert (node.on_completed, node.on_failed) == (("tidy",), ("tidy",))
    assert graph.unrouted_always_run_tasks == []
    with pytest.raises(KeyError):
        graph.node("nobody")


def test_a_node_never_fails_and_a_wrong_value_counts_as_absent_until_the_task_is_rendered() -> None:
    parsed = parse_job(
        "job_type: a\ntimeout: {{.Max}}\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n"
        "  retry: {{.N}}\n  timeout: {{.s.x}}\n  delay_between_retries: 500ms\n"
    )

    graph = parsed.graph({"s": "text"})

    node = graph.node("x")
    assert (node.retry, node.timeout_seconds, node.delay_seconds) == (0, None, 0.5)
    assert graph.policy.timeout_seconds is None
    assert parsed.graph({"Max": "2m"}).policy.timeout_seconds == 120


def test_an_always_run_task_that_nobody_leads_to_runs_last_and_is_no_start() -> None:
    parsed = parse_job(
        job(
            "task_type: tidy, method: SHELL, script: [t], always_run: true, dependencies: [x]",
            "task_type: x, method: SHELL, script: [x]",
        )
    )

    graph = parsed.graph({})

    assert graph.start_tasks == ["x"]
    assert graph.unrouted_always_run_tasks == ["tidy"]


def test_a_start_that_always_runs_runs_last_where_a_restart_has_passed_it_over() -> None:
    parsed = parse_job(
        job(
            "task_type: setup, method: SHELL, script: [s], always_run: true, on_completed: work",
            "task_type: work, method: SHELL, script: [w]",
            "task_type: check, method: SHELL, script: [c], depends_on: [setup]",
        )
    )

    graph = parsed.graph({})

    assert graph.start_tasks == ["setup"]
    assert graph.unrouted_always_run_tasks == ["setup"]


def test_routing_keys_leave_out_what_only_variables_can_tell() -> None:
    parsed = parse_job(
        job(
            "task_type: a, method: SHELL, script: [a], tags: [Mac, arm], on_completed: b",
            "task_type: b, method: '{{.M}}', script: [b], on_completed: c",
            "task_type: c, method: SHELL, script: [c], tags: ['{{.T}}'], on_completed: d",
            "task_type: d, method: FORK_JOB, fork_job_type: other",
        )
    )

    assert parsed.routing_keys() == (RoutingKey.of(TaskMethod.SHELL, ["arm", "mac"]),)


def test_names_that_a_task_needs_are_known_before_it_is_rendered() -> None:
    parsed = parse_job(FORKS)

    assert parsed.referenced_names("fork-left") == {"split_ArtifactURL_1", "Width"}
    assert parsed.referenced_names("paste") == frozenset()
    assert parse_job(SENSOR).referenced_names("poll") == {"JobElapsedSecs"}


def test_warnings_name_the_variable_that_had_no_value() -> None:
    rendered = parse_job(PIPELINE).render_task("check", {"Picture": "p"})

    assert rendered.warnings == ("the variable Width has no value (line 7, column 38)",)


def test_the_json_view_shows_templates_as_text_and_has_the_article_s_names() -> None:
    parsed = parse_job(
        "job_type: a\nmax_concurrency: 2\ntasks:\n- task_type: x\n  method: SHELL\n"
        '  script: ["{{.A}}"]\n  retry: {{.N}}\n  except: "{{.E}}"\n  timeout: 1m\n'
    )

    view = parsed.to_json()

    assert json.loads(json.dumps(view)) == {
        "job_type": "a",
        "max_concurrency": 2,
        "tasks": [
            {
                "task_type": "x",
                "method": "SHELL",
                "script": ["{{.A}}"],
                "retry": "{{.N}}",
                "except": "{{.E}}",
                "timeout": 60.0,
            }
        ],
    }


def test_the_job_s_own_fields_are_rendered_apart_from_its_tasks() -> None:
    parsed = parse_job(BUILD)

    assert parsed.render_job({"Branch": "topic"}).job.skip_if.strip() == "true"
    assert parsed.render_job({"Branch": "trunk"}).job.skip_if == ""


def test_executor_options_carry_what_the_ant_needs() -> None:
    task = parse_job(BUILD).render_task("build", {"Token": "t", "Jobs": 2}).task

    options = task.executor_options()

    assert (options.name, options.working_dir) == ("build", "/src")
    assert options.model_dump()["container"] == {"image": "gcc:14"}
    assert options.model_dump()["cache"]["key_paths"] == ["deps.lock"]
