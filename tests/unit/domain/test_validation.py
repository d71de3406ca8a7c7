"""Validation tells every fault at once, each with its place and its mend."""

import pytest

from formicary.domain.faults import excerpt
from formicary.domain.parsed_job import parse_job
from formicary.domain.states import Target
from tests.unit.domain.job_texts import codes_of, faults_of, job

SHELL = "method: SHELL, script: [x]"


def test_all_faults_are_told_at_once_in_the_order_of_the_text() -> None:
    faults = faults_of(
        "job_tipe: a\nmax_concurrency: many\ntimeout: 5 minutes\ncron_trigger: 61 * * * *\n"
        "tasks:\n- task_type: encode\n  method: SHEL\n  script: [x]\n  on_completed: publsh\n"
        "  retry: -1\n  container: {imagee: x}\n- task_type: publish\n  method: HTTP_GET\n"
    )

    assert [(f.line, f.column, f.field) for f in faults] == [
        (1, 1, "job_tipe"),
        (1, 1, "job_type"),
        (2, 18, "max_concurrency"),
        (3, 10, "timeout"),
        (4, 15, "cron_trigger"),
        (7, 11, "tasks[0].method"),
        (9, 17, "tasks[0].on_completed"),
        (10, 10, "tasks[0].retry"),
        (11, 15, "tasks[0].container.imagee"),
        (12, 3, "tasks[1].url"),
    ]


def test_messages_name_the_task_and_the_mend() -> None:
    (fault,) = faults_of(
        job(
            f"task_type: encode, {SHELL}, on_completed: publsh",
            f"task_type: publish, {SHELL}, always_run: true",
        )
    )

    assert fault.message == 'task "encode": on_completed leads to "publsh", which no task has'
    assert fault.mend == 'did you mean "publish"?'


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (job(f"task_type: x, {SHELL}, retyr: 3"), "ERR_UNKNOWN_KEY", 'did you mean "retry"?'),
        (job(f"task_type: x, {SHELL}", head="filter: x\n"), "ERR_UNKNOWN_KEY", "skip_if"),
        (job("task_type: x, method: SHEL, script: [x]"), "ERR_VALUE", 'did you mean "SHELL"?'),
        (job(f"task_type: x, {SHELL}, timeout: soon"), "ERR_VALUE", "must be a duration"),
        (job(f"task_type: x, {SHELL}, allow_failure: perhaps"), "ERR_VALUE", "true or false"),
        (job(f"task_type: x, {SHELL}, environment: 3"), "ERR_VALUE", "must be a map"),
        (job("task_type: x, method: SHELL, script: {a: b}"), "ERR_VALUE", "must be a list"),
        (job("task_type: x"), "ERR_MISSING", "KUBERNETES (the default) needs script"),
        (job("task_type: x, method: HTTP_GET"), "ERR_MISSING", "needs url"),
        (job("task_type: x, method: FORK_JOB"), "ERR_MISSING", "needs fork_job_type"),
        (job("task_type: x, method: AWAIT_FORKED_JOB"), "ERR_MISSING", "await_forked_tasks"),
        (job("task_type: x, method: MESSAGING"), "ERR_MISSING", "messaging_request_queue"),
        (job(f"{SHELL}"), "ERR_MISSING", "no task_type"),
        (
            job(f"task_type: x, {SHELL}", f"task_type: x, {SHELL}"),
            "ERR_DUPLICATE_TASK",
            "two tasks",
        ),
        (job(f"task_type: x, {SHELL}, dependencies: [y]"), "ERR_UNKNOWN_TASK", '"y"'),
        (
            job(f"task_type: x, {SHELL}, on_exit_code: {{1: COMPLETD}}"),
            "ERR_UNKNOWN_TASK",
            "COMPLETED",
        ),
        (job(f"task_type: x, {SHELL}", f"task_type: y, {SHELL}"), "ERR_SEVERAL_STARTS", '"y"'),
        (
            job(f"task_type: x, {SHELL}, on_completed: y", f"task_type: y, {SHELL}, on_failed: x"),
            "ERR_CYCLE",
            "x -> y -> x",
        ),
        (job(f"task_type: x, {SHELL}, on_failed: x"), "ERR_CYCLE", "RESTART_TASK"),
        (
            job(
                f"task_type: x, {SHELL}, dependencies: [y], on_completed: y",
                f"task_type: y, {SHELL}",
            ),
            "ERR_ORDER",
            "cannot have run before",
        ),
        (
            job(
                f"task_type: x, {SHELL}, on_completed: y",
                "task_type: y, method: AWAIT_FORKED_JOB, await_forked_tasks: [x]",
            ),
            "ERR_VALUE",
            "FORK_JOB",
        ),
        (job(f"task_type: a/b, {SHELL}"), "ERR_NAME", "slash"),
        (job(f"task_type: COMPLETED, {SHELL}"), "ERR_NAME", "routing target"),
        (job(f"task_type: x, {SHELL}", head="cron_trigger: 61 * * * *\n"), "ERR_CRON", "61"),
        (
            job(f"task_type: x, {SHELL}", head="cron_trigger: 0 0 30 2 *\n"),
            "ERR_CRON",
            "never fires",
        ),
        (job(f"task_type: x, {SHELL}", head="cron_timezone: Mars/Base\n"), "ERR_CRON", "Mars/Base"),
        ("job_type: a", "ERR_MISSING", "no tasks"),
        ("job_type: a\ntasks:\n", "ERR_MISSING", "no tasks"),
        ("job_type: a\ntasks: x\n", "ERR_VALUE", "must be a list"),
        (job(f"task_type: x, {SHELL}, retry: '{{{{.N | foo}}}}'"), "ERR_TEMPLATE", '"foo"'),
        (job(f"task_type: x, {SHELL}, name: '{{{{if .N}}}}'"), "ERR_TEMPLATE", "no {{end}}"),
    ],
)
def test_a_fault_has_its_code_and_says_what_is_wrong(text: str, code: str, said: str) -> None:
    faults = faults_of(text)

    assert [fault.code for fault in faults] == [code]
    assert said in str(faults[0])
    assert faults[0].line > 0


@pytest.mark.parametrize("name", ["a/b", "a:1", "-a", ".a", "a b", "ä", "a" * 101, "''", "a\\nb"])
def test_job_types_that_cannot_stand_in_a_path_are_refused(name: str) -> None:
    text = job(f"task_type: x, {SHELL}").replace("job_type: sample", f'job_type: "{name}"')

    assert codes_of(text) <= {"ERR_NAME", "ERR_MISSING"}
    assert codes_of(text)


def test_every_routing_target_of_the_language_is_known() -> None:
    targets = ", ".join(f"{code}: {target}" for code, target in enumerate([*Target, "ERR_MINE"]))

    assert faults_of(job(f"task_type: x, {SHELL}, on_exit_code: {{{targets}}}")) == ()


def test_both_branches_of_a_condition_are_followed() -> None:
    both = (
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n"
        "  on_completed: {{if .Fast}}y{{else}}z{{end}}\n- task_type: y\n  method: SHELL\n"
        "  script: [y]\n- task_type: z\n  method: SHELL\n  script: [z]\n"
    )

    assert faults_of(both) == ()
    (fault,) = faults_of(
        both.replace("{{else}}z", "{{else}}zz").replace(
            "task_type: z\n", "task_type: z\n  always_run: true\n"
        )
    )
    assert fault.code == "ERR_UNKNOWN_TASK"


def test_a_fault_in_any_branch_over_lines_is_told() -> None:
    faults = faults_of(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n{{if .A}}\n"
        "  retry: 1\n{{else}}\n  retry: many\n  on_completed: nowhere\n{{end}}\n"
    )

    assert [(fault.code, fault.line) for fault in faults] == [
        ("ERR_VALUE", 9),
        ("ERR_UNKNOWN_TASK", 10),
    ]


def test_a_key_given_twice_is_refused_unless_conditions_exclude_each_other() -> None:
    text = "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n"
    text += "  retry: 1\n  retry: 2\n"

    assert codes_of(text) == {"ERR_DUPLICATE_KEY"}
    assert (
        codes_of(text.replace("  retry: 1\n", "{{if .A}}\n  retry: 1\n{{else}}\n") + "{{end}}\n")
        == set()
    )


def test_a_route_that_only_rendering_can_tell_relaxes_what_needs_all_routes() -> None:
    text = job(f"task_type: x, {SHELL}, on_completed: '{{{{.Next}}}}'", f"task_type: y, {SHELL}")

    assert faults_of(text) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ERR_YAML"),
        ("   \n", "ERR_YAML"),
        ("just text", "ERR_YAML"),
        ("- a\n- b\n", "ERR_YAML"),
        (b"\xff\xfe\x00", "ERR_YAML"),
        ("a: \x00b", "ERR_YAML"),
        ("\ud800", "ERR_YAML"),
        ("job_type: a\n\ttasks: x", "ERR_YAML"),
        ("a: " + "[" * 5000 + "]" * 5000, "ERR_YAML"),
        ("\n".join(" " * i + "a:" for i in range(200)), "ERR_YAML"),
        ("a: &a [*a]", "ERR_YAML"),
        ("a: *b", "ERR_YAML"),
        ('a: !!python/object/apply:os.system ["ls"]', "ERR_YAML"),
        ("a: !mine x", "ERR_YAML"),
        ("? [a]\n: b", "ERR_YAML"),
        ("job_type: a: b", "ERR_YAML"),
        ('job_type: "a\n', "ERR_YAML"),
        ("job_type: a\n---\njob_type: b\n", "ERR_YAML"),
        ("a: " + "x" * 300_000, "ERR_TOO_LARGE"),
        ("a: " + "{{" * 60_000, "ERR_TEMPLATE"),
        ("a: " + "{{if .A}}" * 300 + "{{end}}" * 300, "ERR_TEMPLATE"),
        ("{{if .A}}\n" * 300 + "a: b\n" + "{{end}}\n" * 300, "ERR_TEMPLATE"),
        ("{{end}}\na: b", "ERR_TEMPLATE"),
        ("{{range .A}}\na: b\n{{end}}", "ERR_TEMPLATE"),
        ("{{$x = 1}}\na: b", "ERR_TEMPLATE"),
    ],
)
def test_hostile_text_gives_faults_and_never_a_traceback(text: str | bytes, code: str) -> None:
    assert code in codes_of(text)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, inner in zip("bcdefgh", "abcdefg", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]")

    assert codes_of("\n".join(lines)) == {"ERR_YAML"}


def test_a_thousand_tasks_are_allowed_and_not_one_more() -> None:
    def chain(count: int) -> str:
        return job(
            *(
                f"task_type: t{i}, {SHELL}" + (f", on_completed: t{i + 1}" if i < count - 1 else "")
                for i in range(count)
            )
        )

    assert faults_of(chain(1000)) == ()
    assert codes_of(chain(1001)) == {"ERR_TOO_LARGE"}


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    text = job(f"task_type: x, {SHELL}").replace("\n", "\r\n").encode("utf-8-sig")

    assert parse_job(text).definition.job_type == "sample"


def test_an_excerpt_shows_the_line_with_a_caret() -> None:
    text = job(f"task_type: x, {SHELL}, on_completed: nowhere")
    (fault,) = faults_of(text)

    line, caret = excerpt(text, fault).split("\n")

    assert line.endswith("on_completed: nowhere}")
    assert line[caret.index("^") :].startswith("nowhere")


def test_the_place_of_a_fault_is_right_behind_an_action_and_below_a_long_one() -> None:
    (fault,) = faults_of(
        "job_type: a\ndescription: {{if\n  .A}}x{{\nend}}\ntasks:\n"
        "- {task_type: x, name: '{{.LongerThanItsPlaceholder}}', method: SHEL, script: [x]}\n"
    )

    assert (fault.line, fault.column) == (6, 65)


def test_wrong_items_of_lists_are_each_told_once() -> None:
    faults = faults_of(job(f"task_type: x, {SHELL}, services: [a, {{name: b, image: c}}, d, [e]]"))

    assert [fault.field for fault in faults] == [
        "tasks[0].services[0]",
        "tasks[0].services[2]",
        "tasks[0].services[3]",
    ]
