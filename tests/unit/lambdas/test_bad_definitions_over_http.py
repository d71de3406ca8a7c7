"""Hostile and broken texts are refused at once, with what is wrong and the limit they break."""

import time
from collections.abc import Callable

import pytest

from formicary.domain.job_document import MAX_BYTES
from formicary.domain.parsed_job import parse_job
from formicary.domain.templating import TemplateError
from tests.unit.domain.job_texts import faults_of
from tests.unit.lambdas.api_play import Answer, ApiPlay

HEAD = "job_type: a\n"
TASK = "- task_type: x\n  method: SHELL\n  script: [x]\n"


def tasks(count: int, template: str = "- {{task_type: t{0}, url: x}}\n") -> str:
    return HEAD + "tasks:\n" + "".join(template.format(number) for number in range(count))


def bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, inner in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]")
    return "\n".join(lines)


def with_task(fields: str) -> str:
    return f"{HEAD}tasks:\n{TASK}{fields}"


# By what is wrong: the text, the code, words of the message, its line (0: none).
BAD: dict[str, tuple[Callable[[], str | bytes], str, str, int]] = {
    "aliases that multiply": (bomb, "too-many-values", "60000 values", 5),
    "10,000 tasks": (
        lambda: tasks(10_000, "- {{task_type: t{0}}}\n"),
        "too-many-tasks",
        "10,000 tasks, and 1,000 are allowed",
        3,
    ),
    "brackets in each other": (
        lambda: f"{HEAD}tasks: {'[' * 5000}{']' * 5000}",
        "too-deep",
        "40 deep",
        2,
    ),
    "maps in each other": (
        lambda: "\n".join(" " * depth + "a:" for depth in range(200)),
        "too-deep",
        "40 deep",
        41,
    ),
    "a key twice": (lambda: with_task("  retry: 1\n  retry: 2\n"), "duplicate-key", "twice", 7),
    "a tab": (lambda: f"{HEAD}\ttasks: []\n", "not-yaml", "tab", 2),
    "Latin-1": (lambda: "job_type: café\n".encode("latin-1"), "not-utf8", "not UTF-8", 1),
    "UTF-16": (lambda: with_task("").encode("utf-16"), "not-utf8", "not UTF-8", 1),
    "nothing": (lambda: "", "not-yaml", "empty", 1),
    "a control character": (lambda: f"{HEAD}tasks: \x07\n", "not-yaml", "not allowed", 2),
    "two documents": (
        lambda: f"{with_task('')}---\n{with_task('')}",
        "not-yaml",
        "more than one",
        6,
    ),
    "a tag of Python": (
        lambda: f"{HEAD}tasks: !!python/object/apply:os.system [ls]\n",
        "not-yaml",
        "tag",
        2,
    ),
    "a slash in the name": (
        lambda: with_task("").replace("job_type: a", "job_type: a/b"),
        "bad-name",
        "a/b",
        1,
    ),
    "an unknown function": (
        lambda: with_task("  name: '{{.A | explode}}'\n"),
        "bad-template",
        "explode",
        6,
    ),
    "a method of a text": (
        lambda: with_task("  name: '{{.A.__class__}}{{call .B}}'\n"),
        "bad-template",
        "call",
        6,
    ),
    "a million rounds": (
        lambda: f"{HEAD}tasks:\n{{{{range 100000}}}}\n{TASK}{{{{end}}}}\n",
        "too-many-values",
        "60000 values",
        3,
    ),
    "rounds in rounds": (
        lambda: HEAD + "tasks:\n" + "{{range Iterate 999}}\n" * 5 + TASK + "{{end}}\n" * 5,
        "too-many-values",
        "60000 values",
        7,
    ),
    "200,000 actions": (
        lambda: HEAD + "# " + "{{.A}}" * 40_000,
        "bad-template",
        "20000 actions",
        2,
    ),
    "braces that never close": (lambda: HEAD + "{{" * 50_000, "bad-template", "not closed", 2),
    "1,500 declarations": (
        lambda: HEAD + "tasks:\n" + "{{$v := 1}}\n" * 1500 + TASK,
        "bad-template",
        "at most 100 variables",
        103,
    ),
    "1,000 misspelt routes": (
        lambda: tasks(
            1000, "- {{task_type: task-{0}, method: SHELL, script: x, on_completed: tsak-{0}}}\n"
        ),
        "routing-to-nowhere",
        "tsak-0",
        3,
    ),
}


def upload(api: ApiPlay, text: str | bytes) -> Answer:
    body = text if isinstance(text, bytes) else text.encode()
    return api.post("/api/jobs/definitions", body, headers={"content-type": "application/yaml"})


@pytest.mark.parametrize("name", BAD)
def test_a_bad_text_is_refused_at_once_and_says_why(api: ApiPlay, name: str) -> None:
    make, code, words, line = BAD[name]
    text = make()
    begun = time.process_time()

    answer = upload(api, text)

    assert time.process_time() - begun < 20
    assert (answer.status, answer.json["code"]) == (400, "ERR_DEFINITION"), answer.json["detail"]
    first = next(error for error in answer.json["errors"] if error["code"] == code)
    assert words in first["message"]
    assert first["line"] == line
    assert set(first) == {"code", "message", "mend", "line", "column", "field"}
    assert api.get("/api/jobs/definitions").json["total_records"] == 0


def test_a_text_of_10_megabytes_is_refused_unread_and_its_tasks_are_counted(api: ApiPlay) -> None:
    text = tasks(10_000_000 // len(TASK), TASK.replace("{", "{{"))

    answer = upload(api, text)
    (fault,) = faults_of(text)

    assert (answer.status, answer.json["limit_bytes"]) == (413, MAX_BYTES)
    assert fault.code == "too-large"
    assert f"{MAX_BYTES:,} are allowed" in fault.message
    assert "1,000 are allowed" in fault.message


@pytest.mark.parametrize(
    "text",
    [
        with_task("").encode("utf-8-sig"),
        with_task("").replace("\n", "\r\n"),
        with_task("").replace("\n", "\r"),
        with_task("  name: '{{/* {{ */}}'\n"),
        with_task("  name: na\u00efve \U0001f41c\n"),
    ],
    ids=["byte order mark", "CRLF", "CR", "comment", "emoji"],
)
def test_texts_of_other_editors_are_taken(api: ApiPlay, text: str | bytes) -> None:
    assert upload(api, text).status == 201


def test_a_template_that_runs_for_ever_ends_its_task_and_nothing_else() -> None:
    endless = "{{range $i := .N}}{{range $j := $.N}}{{range $k := $.N}}x{{end}}{{end}}{{end}}"
    parsed = parse_job(with_task(f"  name: '{endless}'\n  {{{{range .N}}}}\n  {{{{end}}}}\n"))

    with pytest.raises(TemplateError, match="steps"):
        parsed.render_task("x", {"N": 90_000})


def test_json_with_escaped_templates_and_characters_is_what_it_says(api: ApiPlay) -> None:
    script = ['{{if eq .A "\U0001f41c"}}ant{{else}}{{printf "%q" .A}}{{end}} \U0001f600 {{`}}`}}']
    task = {"task_type": "x", "method": "SHELL", "script": script, "except": '{{eq .B "\\\\"}}'}

    answer = api.post("/api/jobs/definitions", {"job_type": "from-json", "tasks": [task]})

    assert answer.status == 201, answer.json
    assert answer.json["tasks"][0]["script"] == script
    assert answer.json["tasks"][0]["except"] == task["except"]
