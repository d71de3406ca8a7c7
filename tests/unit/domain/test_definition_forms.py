"""The forms in which the article prints definitions are read as they are meant."""

import pytest

from formicary.domain.parsed_job import parse_job
from tests.unit.domain.job_texts import faults_of

TASKS = "tasks:\n- task_type: x\n  method: SHELL\n  script: [x]\n"


@pytest.mark.parametrize(
    "params",
    [
        "required_params:\nName\nAge\n",
        "required_params:\n  Name\n  Age\n",
        "required_params:\n- Name\n- Age\n",
        "required_params: [Name, Age]\n",
        "required_params:\n  Name: who\n  Age: how old\n",
        "required_params: Name, Age\n",
        "required_params:\n\u2013 Name\n\u2013 Age\n",
    ],
)
def test_required_params_may_be_given_in_any_form(params: str) -> None:
    assert parse_job(f"job_type: a\n{params}{TASKS}").definition.required_params == ["Name", "Age"]


@pytest.mark.parametrize(
    "variables",
    [
        "job_variables:\nOSVersion: 10.1\nArchitecture: ARM64\n",
        "job_variables:\n  OSVersion: 10.1\n  Architecture: ARM64\n",
        "job_variables:\n- name: OSVersion\n  value: 10.1\n- name: Architecture\n  value: ARM64\n",
        "job_variables:\n- OSVersion: 10.1\n- Architecture: ARM64\n",
    ],
)
def test_job_variables_may_be_given_in_any_form(variables: str) -> None:
    parsed = parse_job(f"job_type: a\n{variables}{TASKS}")

    assert parsed.definition.job_variables == {"OSVersion": 10.1, "Architecture": "ARM64"}


def test_sections_without_indentation_take_what_follows_them() -> None:
    job = parse_job(
        "job_type: a\nwebhook:\nurl: {{.Url}}\nheaders:\nAuthorization: Bearer {{.Auth}}\nquery:\n"
        "key: value\nnotify:\nemail:\nrecipients:\n\u2013 me@example.org\nwhen: always\n"
        "description: text\n" + TASKS
    ).definition

    assert (job.webhook.url, job.webhook.query) == ("{{.Url}}", {"key": "value"})
    assert (job.notify.email.recipients, job.notify.email.when) == (["me@example.org"], "always")
    assert job.description == "text"


def test_sections_of_a_task_without_indentation_take_what_follows_them() -> None:
    task = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script: x\n  environment:\n"
        "  AWS_REGION: eu\n  variables:\n  max-string-len: 50\n  service-name: mine\n  cache:\n"
        "  key: k\n  paths:\n  - .cache\n  services:\n  \u2013 name: redis\n  image: redis:6\n"
        "  ports:\n  \u2013 number: 6379\n  on_exit_code:\n  101: x2\n  COMPLETED: x2\n"
        "- task_type: x2\n  method: SHELL\n  script: x\n"
    ).definition.tasks[0]

    assert task.environment == {"AWS_REGION": "eu"}
    assert task.variables == {"max-string-len": 50, "service-name": "mine"}
    assert task.cache.paths == [".cache"]
    assert [(s.name, s.image, s.ports[0].number) for s in task.services] == [
        ("redis", "redis:6", 6379)
    ]
    assert (task.on_exit_code, task.on_completed) == ({"101": "x2"}, ("x2",))


def test_a_misspelt_key_is_not_swallowed_by_an_empty_section_above_it() -> None:
    faults = faults_of(f"job_type: a\njob_variables:\nretyr: 3\n{TASKS}")

    assert [fault.mend for fault in faults] == ['did you mean "retry"?']


@pytest.mark.parametrize("cron", ["0 * * * * * *", "* * * * *", "'@hourly'", '"*/5 * * * *"'])
def test_cron_needs_no_quotes(cron: str) -> None:
    parsed = parse_job(f"job_type: a\ncron_trigger: {cron} # when\n{TASKS}")

    assert parsed.definition.cron_trigger == cron.strip("\"'")


@pytest.mark.parametrize("script", ["script: echo a", "script:\n    - echo a", "script: [echo a]"])
def test_a_script_is_a_text_or_a_list(script: str) -> None:
    parsed = parse_job(f"job_type: a\ntasks:\n- task_type: x\n  method: shell\n  {script}\n")

    assert parsed.definition.tasks[0].script == ["echo a"]


def test_the_url_of_an_http_task_becomes_its_script() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: HTTP_GET\n  url: https://{{.Host}}/\n"
    )

    assert parsed.render_task("x", {"Host": "h"}).task.script == ["https://h/"]


def test_a_task_without_a_method_runs_on_kubernetes() -> None:
    parsed = parse_job("job_type: a\ntasks:\n- task_type: x\n  script: x\n")

    assert parsed.definition.tasks[0].method == "KUBERNETES"


def test_quotes_inside_an_action_do_not_end_a_quoted_value() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n"
        '  script: "{{index . "a-b"}}: {{.C}}"\n'
    )

    assert parsed.render_task("x", {"a-b": 1, "C": "#2"}).task.script == ["1: #2"]


def test_braces_that_are_no_template_stay_as_they_are() -> None:
    awk = "awk '{ sum += $1; n++ } END { if (n > 0) { print sum / n; } }' f"
    parsed = parse_job(
        f"job_type: a\ntasks:\n- task_type: x\n  method: SHELL\n  script:\n    - {awk}\n"
        "    - |\n      { { iffy } }\n      \ue000 private\n"
    )

    script = parsed.render_task("x", {}).task.script
    assert script == [awk, "{ { iffy } }\n\ue000 private\n"]


def test_anchors_and_merge_keys_work() -> None:
    parsed = parse_job(
        'job_type: a\ntasks:\n- &base\n  task_type: x\n  method: SHELL\n  script: ["{{.A}}"]\n'
        "  on_completed: y\n- <<: *base\n  task_type: y\n  on_completed: COMPLETED\n"
    )

    assert parsed.render_task("y", {"A": "1"}).task.script == ["1"]
