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
        (job(f"task_type: x, {SHELL}, retyr: 3"), "unknown-key", 'did you mean "retry"?'),
        (job(f"task_type: x, {SHELL}", head="filter: x\n"), "unknown-key", "skip_if"),
        (job("task_type: x, method: SHEL, script: [x]"), "unknown-word", 'did you mean "SHELL"?'),
        (job(f"task_type: x, {SHELL}, timeout: soon"), "bad-duration", "must be a duration"),
        (job(f"task_type: x, {SHELL}, allow_failure: perhaps"), "wrong-type", "true or false"),
        (job(f"task_type: x, {SHELL}, environment: 3"), "wrong-type", "must be a map"),
        (job("task_type: x, method: SHELL, script: {a: b}"), "wrong-type", "must be a list"),
        (job("task_type: x"), "missing-field", "KUBERNETES (the default) needs script"),
        (job("task_type: x, method: HTTP_GET"), "missing-field", "needs url"),
        (job("task_type: x, method: FORK_JOB"), "missing-field", "needs fork_job_type"),
        (job("task_type: x, method: AWAIT_FORKED_JOB"), "missing-field", "await_forked_tasks"),
        (job(f"task_type: x, {SHELL}, fork_items: [a]"), "wrong-method", "method SHELL"),
        (
            job("task_type: x, method: FORK_JOB, fork_job_type: y, fork_max_parallel: 3"),
            "missing-field",
            "there are none",
        ),
        (
            job("task_type: x, method: FORK_JOB, fork_job_type: y, fork_items: {a: 1}"),
            "wrong-type",
            "must be a list",
        ),
        (
            job("task_type: x, method: FORK_JOB, fork_job_type: y, fork_items: '[1, oops]'"),
            "bad-value",
            "begins as a JSON list",
        ),
        (job("task_type: x, method: MESSAGING"), "missing-field", "messaging_request_queue"),
        (job(f"{SHELL}"), "missing-field", "no task_type"),
        (
            job(f"task_type: x, {SHELL}", f"task_type: x, {SHELL}"),
            "duplicate-task",
            "two tasks",
        ),
        (job(f"task_type: x, {SHELL}, dependencies: [y]"), "unknown-task", '"y"'),
        (
            job(f"task_type: x, {SHELL}, on_exit_code: {{1: COMPLETD}}"),
            "routing-to-nowhere",
            "COMPLETED",
        ),
        (job(f"task_type: x, {SHELL}", f"task_type: y, {SHELL}"), "several-starts", '"y"'),
        (
            job(f"task_type: x, {SHELL}, on_completed: y", f"task_type: y, {SHELL}, on_failed: x"),
            "cycle",
            "x -> y -> x",
        ),
        (job(f"task_type: x, {SHELL}, on_failed: x"), "cycle", "RESTART_TASK"),
        (
            job(
                f"task_type: x, {SHELL}, dependencies: [y], on_completed: y",
                f"task_type: y, {SHELL}",
            ),
            "wrong-order",
            "cannot have run before",
        ),
        (
            job(
                f"task_type: x, {SHELL}, on_completed: y",
                "task_type: y, method: AWAIT_FORKED_JOB, await_forked_tasks: [x]",
            ),
            "not-a-fork",
            "FORK_JOB",
        ),
        (job(f"task_type: a/b, {SHELL}"), "bad-name", "slash"),
        (job(f"task_type: COMPLETED, {SHELL}"), "bad-name", "routing target"),
        (job(f"task_type: x, {SHELL}", head="cron_trigger: 61 * * * *\n"), "bad-cron", "61"),
        (
            job(f"task_type: x, {SHELL}", head="cron_trigger: 0 0 30 2 *\n"),
            "bad-cron",
            "never fires",
        ),
        (
            job(f"task_type: x, {SHELL}", head="cron_timezone: Mars/Base\n"),
            "bad-timezone",
            "Mars/Base",
        ),
        (job(f"task_type: x, {SHELL}", head="sem_version: one\n"), "bad-version", "1.2-rc2"),
        ("job_type: a", "missing-field", "no tasks"),
        ("job_type: a\ntasks:\n", "missing-field", "no tasks"),
        ("job_type: a\ntasks: x\n", "wrong-type", "must be a list"),
        (job(f"task_type: x, {SHELL}, retry: '{{{{.N | foo}}}}'"), "bad-template", '"foo"'),
        (job(f"task_type: x, {SHELL}, name: '{{{{if .N}}}}'"), "bad-template", "no {{end}}"),
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

    assert codes_of(text) <= {"bad-name", "missing-field"}
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
    assert fault.code == "routing-to-nowhere"


def test_a_fault_in_any_branch_over_lines_is_told() -> None:
    faults = faults_of(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n{{if .A}}\n"
        "  retry: 1\n{{else}}\n  retry: many\n  on_completed: nowhere\n{{end}}\n"
    )

    assert [(fault.code, fault.line) for fault in faults] == [
        ("wrong-type", 9),
        ("routing-to-nowhere", 10),
    ]


def test_a_key_given_twice_is_refused_unless_conditions_exclude_each_other() -> None:
    text = "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n"
    text += "  retry: 1\n  retry: 2\n"

    assert codes_of(text) == {"duplicate-key"}
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
        ("", "not-yaml"),
        ("   \n", "not-yaml"),
        ("just text", "not-yaml"),
        ("- a\n- b\n", "not-yaml"),
        (b"\xff\xfe\x00", "not-utf8"),
        ("a: \x00b", "not-yaml"),
        ("\ud800", "not-utf8"),
        ("job_type: a\n\ttasks: x", "not-yaml"),
        ("a: " + "[" * 5000 + "]" * 5000, "too-deep"),
        ("\n".join(" " * i + "a:" for i in range(200)), "too-deep"),
        ("a: &a [*a]", "not-yaml"),
        ("a: *b", "not-yaml"),
        ('a: !!python/object/apply:os.system ["ls"]', "not-yaml"),
        ("a: !mine x", "not-yaml"),
        ("? [a]\n: b", "not-yaml"),
        ("job_type: a: b", "not-yaml"),
        ('job_type: "a\n', "not-yaml"),
        ("job_type: a\n---\njob_type: b\n", "not-yaml"),
        ("a: " + "x" * 300_000, "too-large"),
        ("a: " + "{{" * 60_000, "bad-template"),
        ("a: " + "{{if .A}}" * 300 + "{{end}}" * 300, "bad-template"),
        ("{{if .A}}\n" * 300 + "a: b\n" + "{{end}}\n" * 300, "bad-template"),
        ("{{end}}\na: b", "bad-template"),
        ("{{range .A}}\ntasks: [{task_type: x}]\n{{end}}", "bad-template"),
        ("{{break}}\na: b", "bad-template"),
        ("{{$x = 1}}\na: b", "bad-template"),
    ],
)
def test_hostile_text_gives_faults_and_never_a_traceback(text: str | bytes, code: str) -> None:
    assert code in codes_of(text)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, inner in zip("bcdefgh", "abcdefg", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]")

    assert codes_of("\n".join(lines)) == {"too-many-values"}


def test_a_thousand_tasks_are_allowed_and_not_one_more() -> None:
    def chain(count: int) -> str:
        return job(
            *(
                f"task_type: t{i}, {SHELL}" + (f", on_completed: t{i + 1}" if i < count - 1 else "")
                for i in range(count)
            )
        )

    assert faults_of(chain(1000)) == ()
    assert codes_of(chain(1001)) == {"too-many-tasks"}


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


def task(name: str, more: str = "") -> str:
    return f"task_type: {name}, {SHELL}{more}"


def test_a_join_needs_no_route_and_several_roots_may_lead_to_it() -> None:
    parsed = parse_job(job(task("a"), task("b"), task("join", ", depends_on: [a, b]")))

    assert parsed.start_tasks == ("a", "b")
    assert parsed.dependents("a") == ("join",)
    assert parsed.graph({}).node("join").depends_on == ("a", "b")


def test_an_empty_depends_on_declares_a_root_beside_the_first() -> None:
    parsed = parse_job(job(task("a"), task("b", ", depends_on: []")))

    assert parsed.start_tasks == ("a", "b")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (
            job(task("a"), task("b", ", depends_on: [aa]")),
            "unknown-task",
            'did you mean "a"',
        ),
        (
            job(task("a", ", depends_on: [b]"), task("b", ", depends_on: [a]")),
            "cycle",
            "lead in a circle",
        ),
        (
            job(task("a", ", on_completed: b, depends_on: [b]"), task("b")),
            "cycle",
            "depend on tasks that do not follow it",
        ),
        (
            job(task("a", ", depends_on: [a]")),
            "cycle",
            "a -> a",
        ),
        (
            job(task("a"), task("b", ', depends_on: ["{{.X}}"]')),
            "bad-value",
            "cannot be a template",
        ),
        (
            job(task("a"), task("z", ", always_run: true"), task("b", ", depends_on: [a, z]")),
            "wrong-order",
            "runs last",
        ),
    ],
)
def test_what_is_wrong_with_a_join_is_told(text: str, code: str, said: str) -> None:
    faults = faults_of(text)

    assert any(f.code == code and (said in f.message or said in f.mend) for f in faults), faults
