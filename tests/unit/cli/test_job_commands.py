import json

import pytest
import yaml

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import DEFINITION, RUN_ID, a_page, a_run, a_task

DEFINITIONS = "/api/jobs/definitions"
REQUESTS = "/api/jobs/requests"


def test_push_sends_the_file_byte_for_byte(formicary, plane, tmp_path):
    text = "job_type: greet\r\ntasks: []  # Grüße\n".encode()
    (tmp_path / "greet.yaml").write_bytes(text)
    plane.on("POST", DEFINITIONS, Answer({"job_type": "greet", "version": 3}, 201))

    outcome = formicary("job", "push", "greet.yaml")

    assert outcome.code == 0
    assert outcome.out == "greet version 3\n"
    assert plane.asked[0].body == text
    assert plane.asked[0].headers["Content-Type"] == "application/yaml"
    assert plane.asked[0].headers["Authorization"] == "Bearer the-token"


def test_push_says_when_nothing_has_changed(formicary, plane, tmp_path):
    (tmp_path / "greet.yaml").write_text("job_type: greet")
    plane.on("POST", DEFINITIONS, Answer({"job_type": "greet", "version": 3}, 200))

    assert formicary("job", "push", "greet.yaml").out == "greet version 3 (unchanged)\n"


def test_push_shows_every_fault_with_its_line_a_caret_and_the_mend(formicary, plane, tmp_path):
    (tmp_path / "bad.yaml").write_text("job_type: greet\ntasks:\n- task_type: a\n  metod: SHELL\n")
    faults = [
        {
            "line": 4,
            "column": 3,
            "field": "tasks[0].metod",
            "message": "unknown field",
            "mend": "write method",
        },
        {"line": 3, "column": 14, "field": "tasks[0]", "message": "no method"},
    ]
    plane.problem("POST", DEFINITIONS, 400, "2 faults", code="ERR_DEFINITION", errors=faults)

    outcome = formicary("job", "push", "bad.yaml")

    assert outcome.code == 2
    assert "bad.yaml:4:3: tasks[0].metod: unknown field" in outcome.err
    assert "    4 |   metod: SHELL\n      |   ^\n" in outcome.err
    assert "write method" in outcome.err
    assert "bad.yaml:3:14: tasks[0]: no method" in outcome.err


def test_push_tries_every_file_and_reports_the_fault_of_one(formicary, plane, tmp_path):
    (tmp_path / "a.yaml").write_text("a")
    (tmp_path / "b.yaml").write_text("b")
    bad = Answer({"detail": "bad", "errors": [{"line": 1, "message": "m"}]}, 400)
    plane.on("POST", DEFINITIONS, bad, Answer({"job_type": "b", "version": 1}, 201))

    outcome = formicary("job", "push", "a.yaml", "b.yaml")

    assert outcome.code == 2
    assert outcome.out == "b version 1\n"


def test_push_of_a_missing_file_asks_nobody(formicary, plane):
    outcome = formicary("job", "push", "none.yaml")

    assert outcome.code == 2
    assert "none.yaml" in outcome.err
    assert plane.asked == []


def test_run_prints_nothing_but_the_id_on_stdout(formicary, plane, tmp_path):
    (tmp_path / "params.yaml").write_text("Count: 3\nName: File\n")
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))

    outcome = formicary(
        "job", "run", "greet", "-p", "Name=a=b", "--params-file", "params.yaml", "--user-key", "k"
    )

    assert outcome.out == f"{RUN_ID}\n"
    assert json.loads(plane.asked[0].body) == {
        "job_type": "greet",
        "params": {"Name": "a=b", "Count": 3},
        "user_key": "k",
    }


@pytest.mark.parametrize("pair", ["Name", "=x"])
def test_a_param_without_name_and_value_is_wrong_usage(formicary, plane, pair):
    outcome = formicary("job", "run", "greet", "-p", pair)

    assert outcome.code == 2
    assert "K=V" in outcome.err
    assert plane.asked == []


def test_wait_tells_each_change_of_a_task_once(formicary, plane):
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
    working = Answer(a_run("EXECUTING", [a_task("hello", "EXECUTING")]))
    done = Answer(a_run("COMPLETED", [a_task("hello")]))
    plane.on("GET", f"{REQUESTS}/{RUN_ID}", working, working, done)
    plane.on("GET", f"{DEFINITIONS}/greet:1", Answer(DEFINITION))

    outcome = formicary("job", "run", "greet", "--wait")

    assert outcome.err.count("hello") == 2
    assert outcome.err.index("EXECUTING") < outcome.err.index("COMPLETED")


def test_wait_survives_a_control_plane_that_is_away_for_a_moment(formicary, plane):
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
    away = Answer({"message": "Service Unavailable"}, 503)
    plane.on("GET", f"{REQUESTS}/{RUN_ID}", away, Answer(a_run("COMPLETED")))
    plane.on("GET", f"{DEFINITIONS}/greet:1", Answer(DEFINITION))

    outcome = formicary("job", "run", "greet", "--wait")

    assert outcome.code == 0
    assert "trying again" in outcome.err


def test_the_final_view_of_a_wait_can_be_json(formicary, plane):
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
    plane.on("GET", f"{REQUESTS}/{RUN_ID}", Answer(a_run("COMPLETED")))

    outcome = formicary("job", "run", "greet", "--wait", "--output", "json")

    assert json.loads(outcome.out)["job_state"] == "COMPLETED"


def test_list_follows_the_pages_up_to_the_limit(formicary, plane):
    first = [{"job_type": f"a{n}", "version": 1} for n in range(2)]
    second = [{"job_type": f"b{n}", "version": 1} for n in range(2)]
    pages = Answer(a_page(*first, next_token="t1")), Answer(a_page(*second))
    plane.on("GET", DEFINITIONS, *pages)

    outcome = formicary("job", "list", "--limit", "3", "--output", "yaml")

    assert [item["job_type"] for item in yaml.safe_load(outcome.out)] == ["a0", "a1", "b0"]
    assert plane.asked[1].query["token"] == "t1"


def test_show_draws_the_tasks_and_where_each_leads(formicary, plane):
    plane.on("GET", f"{DEFINITIONS}/greet", Answer(DEFINITION))

    outcome = formicary("job", "show", "greet")

    assert "▷ 3: long" in outcome.out
    assert "▷ COMPLETED: short" in outcome.out


def test_yaml_prints_the_text_as_it_was_uploaded(formicary, plane):
    plane.on("GET", f"{DEFINITIONS}/greet/yaml", Answer("job_type: greet # é\n".encode()))

    assert formicary("job", "yaml", "greet").out == "job_type: greet # é\n"


def test_delete_says_so_on_stderr(formicary, plane):
    plane.on("DELETE", f"{DEFINITIONS}/greet", Answer(None, 204))

    outcome = formicary("job", "delete", "greet")

    assert (outcome.code, outcome.out) == (0, "")


def test_limit_sets_how_many_runs_go_on_at_once(formicary, plane):
    plane.on("PUT", f"{DEFINITIONS}/greet/concurrency", Answer({}))

    outcome = formicary("job", "limit", "greet", 5)

    assert outcome.code == 0
    assert json.loads(plane.asked[0].body) == {"concurrency": 5}
    assert "at most 5" in outcome.err


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_a_job_type_is_enabled_and_disabled(formicary, plane, verb):
    plane.on("POST", f"{DEFINITIONS}/greet/{verb}", Answer({}))

    assert formicary("job", verb, "greet").code == 0
    assert plane.asked[0].path == f"{DEFINITIONS}/greet/{verb}"


def test_run_names_the_version_that_it_is_asked_for(formicary, plane):
    plane.on("POST", "/api/jobs/requests", Answer(a_run(), 201))

    assert formicary("job", "run", "io.formicary.tagger", "--version", "1.0").code == 0

    assert json.loads(plane.asked[0].body) == {
        "job_type": "io.formicary.tagger",
        "params": {},
        "job_version": "1.0",
    }
