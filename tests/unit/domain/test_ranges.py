"""A `range` over whole lines: unrolled at upload where it can be, else gone over at rendering."""

import pytest

from formicary.domain.parsed_job import ParsedJob, parse_job
from tests.unit.domain.job_texts import codes_of, faults_of

CHAIN = """\
job_type: chain
job_variables:
  Parts: [left, middle, right]
tasks:
{{range $i, $part := .Parts}}
- task_type: work-{{$part}}
  method: SHELL
  retry: {{$i}}
  script:
    - work {{.}} for {{$.Target}}
  {{if lt (Add $i 1) (len $.Parts)}}
  on_completed: work-{{index $.Parts (Add $i 1)}}
  {{else}}
  on_completed: end
  {{end}}
{{end}}
- task_type: end
  method: SHELL
  dependencies:
    {{range .Parts}}
    - work-{{.}}
    {{end}}
  script: [x]
"""

HOSTS = """\
job_type: hosts
tasks:
- task_type: ask
  method: SHELL
  environment:
    FIXED: x
    {{range $name, $address := .Addresses}}
    HOST_{{$name}}: {{$address}}
    {{end}}
  script:
    - begin
    {{range $i, $host := .Hosts}}
    - ask {{$i}} {{$host}}
    {{if eq $host "b"}}
    - ask again
    {{end}}
    {{range Iterate 2}}
    - try {{.}} of {{$host}}
    {{end}}
    {{else}}
    - ask nobody
    {{end}}
    - finish
"""


MANY = "{{range Iterate 999}}\n" * 3 + "- {task_type: t, script: x}\n" + "{{end}}\n" * 3


def edges_of(parsed: ParsedJob) -> dict[str, list[str | None]]:
    tasks = parsed.definition.tasks
    return {t.task_type: [r.target for r in parsed.routes(t.task_type)] for t in tasks}


def test_tasks_are_unrolled_at_upload_over_a_variable_of_the_job() -> None:
    parsed = parse_job(CHAIN)

    assert edges_of(parsed) == {
        "work-left": ["work-middle"],
        "work-middle": ["work-right"],
        "work-right": ["end"],
        "end": [],
    }
    assert [task.retry for task in parsed.definition.tasks] == [0, 1, 2, 0]
    assert parsed.definition.tasks[-1].dependencies == ["work-left", "work-middle", "work-right"]
    assert parsed.start_tasks == ("work-left",)


def test_the_rest_of_a_round_is_rendered_with_its_own_item() -> None:
    parsed = parse_job(CHAIN)

    for part in ("left", "middle", "right"):
        rendered = parsed.render_task(f"work-{part}", {"Target": "you", "Parts": ["other"]})
        assert rendered.task.script == [f"work {part} for you"]
        assert rendered.warnings == ()


def test_routes_of_rounds_are_checked_like_any_other() -> None:
    faults = faults_of(CHAIN.replace("on_completed: end", "on_completed: ende"))

    assert (faults[0].code, faults[0].line) == ("routing-to-nowhere", 14)


def test_two_rounds_of_one_name_are_two_tasks_of_one_name() -> None:
    assert "duplicate-task" in codes_of(CHAIN.replace("work-{{$part}}", "work"))


def test_ranges_may_stand_in_each_other_and_go_over_numbers() -> None:
    parsed = parse_job(
        "job_type: grid\njob_variables: {Rows: 2}\ntasks:\n- task_type: first\n  method: SHELL\n"
        "  script: [x]\n  on_completed:\n  {{range $r := Iterate .Rows}}\n  {{range Iterate 2}}\n"
        "  - cell-{{$r}}-{{.}}\n  {{end}}\n  {{end}}\n"
        "{{range $r := Iterate .Rows}}\n{{range $c := Iterate 2}}\n"
        "- task_type: cell-{{$r}}-{{$c}}\n  method: SHELL\n  script: [x]\n{{end}}\n{{end}}\n"
    )
    cells = [f"cell-{row}-{column}" for row in (0, 1) for column in (0, 1)]

    assert edges_of(parsed) == {"first": cells, **{cell: [] for cell in cells}}


def test_the_rounds_of_tasks_cost_nothing_at_rendering_when_nothing_in_them_varies() -> None:
    parsed = parse_job(
        "job_type: plain\ntasks:\n{{range Iterate 3}}\n- task_type: t{{.}}\n  method: SHELL\n"
        "  tags: [gpu-{{.}}]\n  script: [x]\n  {{if lt . 2}}\n  on_completed: t{{Add . 1}}\n"
        "  {{end}}\n{{end}}\n"
    )

    assert not parsed.templated
    assert len(parsed.routing_keys()) == 3


@pytest.mark.parametrize(
    ("variables", "script"),
    [
        (
            {"Hosts": ["a", "b"]},
            [
                *("begin", "ask 0 a", "try 0 of a", "try 1 of a"),
                *("ask 1 b", "ask again", "try 0 of b", "try 1 of b", "finish"),
            ],
        ),
        ({"Hosts": []}, ["begin", "ask nobody", "finish"]),
        ({}, ["begin", "ask nobody", "finish"]),
    ],
)
def test_what_only_a_run_can_tell_is_gone_over_at_rendering(
    variables: dict[str, object], script: list[str]
) -> None:
    assert parse_job(HOSTS).render_task("ask", variables).task.script == script


def test_keys_of_a_map_are_gone_over_too() -> None:
    rendered = parse_job(HOSTS).render_task("ask", {"Addresses": {"db": "10.0.0.1", "web": 7}})

    assert rendered.task.environment == {"FIXED": "x", "HOST_db": "10.0.0.1", "HOST_web": "7"}


def test_a_range_over_tasks_needs_variables_of_the_job() -> None:
    faults = faults_of(CHAIN.replace("$part := .Parts", "$part := .Others"))

    assert {fault.code for fault in faults} >= {"bad-template"}
    (fault,) = [f for f in faults if f.message.startswith("a range over tasks")]
    assert (fault.line, fault.field) == (6, "tasks[0]")
    assert "job_variables" in fault.mend


def test_a_variable_of_a_run_decides_nothing_at_upload() -> None:
    parsed = parse_job(
        "job_type: a\njob_variables: {Debug: false}\ntasks:\n{{range Iterate 1}}\n"
        "- task_type: t{{.}}\n  method: SHELL\n  script:\n    - x\n    {{if $.Debug}}\n"
        "    - trace {{$.Level}}\n    {{end}}\n{{end}}\n"
    )

    assert parsed.render_task("t0", {"Debug": True, "Level": 3}).task.script == ["x", "trace 3"]
    assert parsed.render_task("t0", {"Debug": False}).task.script == ["x"]


def test_conditions_and_declarations_around_a_range_do_not_hide_it() -> None:
    parsed = parse_job(
        "job_type: a\n{{$n := 2}}\ntasks:\n"
        "- {task_type: first, method: SHELL, script: [x], on_completed: t0}\n"
        "{{if .Wanted}}\n{{range Iterate $n}}\n- task_type: t{{.}}\n"
        "  method: SHELL\n  script: [x]\n"
        "  {{if lt . 1}}\n  on_completed: t1\n  {{end}}\n{{end}}\n{{end}}\n"
    )

    assert [task.task_type for task in parsed.definition.tasks] == ["first", "t0", "t1"]
    assert parsed.render_task("t0", {"Wanted": True}).task.except_ == ""
    assert parsed.render_task("t0", {}).task.except_ == "true"


def test_the_lines_of_else_are_there_when_nothing_is_gone_over() -> None:
    text = CHAIN.replace("[left, middle, right]", "[]").replace(
        "{{end}}\n- task_type: end",
        "{{else}}\n- {task_type: only, method: SHELL, script: [x], "
        "on_completed: end}\n{{end}}\n- task_type: end",
    )

    assert edges_of(parse_job(text)) == {"only": ["end"], "end": []}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{range 30000}}\n- {task_type: t, script: x}\n{{end}}\n", "too-many-values"),
        ("{{range Iterate 1001}}\n- {task_type: 't{{.}}', script: x}\n{{end}}\n", "too-many-tasks"),
        ("{{range 5 6}}\n- {task_type: t, script: x}\n{{end}}\n", "bad-template"),
        ("{{range .JobType}}\n- {task_type: t, script: x}\n{{end}}\n", "bad-template"),
        ("{{range Iterate 2}}\n- {task_type: t, script: x}\n", "bad-template"),
        (
            "{{range Iterate 2}}\n- {task_type: '{{slice . 1}}', script: x}\n{{end}}\n",
            "bad-template",
        ),
        (MANY, "too-many-values"),
    ],
)
def test_hostile_ranges_are_refused_soon(text: str, code: str) -> None:
    assert code in codes_of(f"job_type: a\ntasks:\n{text}")
