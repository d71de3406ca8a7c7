"""`job plan` tells what a job would do; it asks a control plane only with --server."""

import json
from pathlib import Path

import pytest
import yaml

from formicary.entrypoints.cli.forecast import JOB_PRICE, TASK_PRICE
from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import RUN_ID, a_page, a_run, a_task

JOB = """\
job_type: greet
required_params: [Name]
tasks:
- task_type: hello
  method: SHELL
  tags: [Linux]
  cost_factor: 2
  script:
  - echo {{.Name}} {{.Unknown}}
  on_exit_code:
    3: long
  on_completed: short
- task_type: long
  method: HTTP_GET
  url: https://example.com/{{.JobID}}
- task_type: short
  method: FORK_JOB
  fork_job_type: other
"""


@pytest.fixture
def plan(formicary, tmp_path):
    def call(*arguments, text=JOB, output="json"):
        (tmp_path / "job.yaml").write_text(text)
        return formicary("job", "plan", "job.yaml", *arguments, "--output", output)

    return call


def ant(ant_id="a1", **more):
    return {"ant_id": ant_id, "methods": ["SHELL"], "tags": ["linux"], "alive": True, **more}


@pytest.fixture
def server(plane):
    run = a_run("COMPLETED", [a_task("hello")])
    listed = {**run, "execution": None, "started_at": run["created_at"]}
    listed["ended_at"] = run["execution"]["ended_at"]
    plane.on("GET", "/api/ants", Answer(a_page(ant(), ant("dead", alive=False))))
    plane.on("GET", "/api/jobs/requests", Answer(a_page(listed)))
    plane.on("GET", f"/api/jobs/requests/{RUN_ID}", Answer(run))
    plane.on("GET", "/api/health", Answer({"overall_status": "HEALTHY"}))
    return plane


def test_tasks_are_rendered_with_the_params(plan, plane):
    outcome = plan("-p", "Name=World")

    told = json.loads(outcome.out)
    assert outcome.code == 0
    assert told["ready"]
    assert told["tasks"][0]["script"] == ["echo World <no value>"]
    assert told["tasks"][1]["script"] == ["https://example.com/<JobID>"]
    assert plane.asked == []


@pytest.mark.parametrize(
    ("names", "city"), [('["Bern", "Oslo"]', "Bern"), ("Bern\nOslo", "Bern"), ("[]", "<no value>")]
)
def test_a_fork_for_each_item_is_shown_as_its_first_child_would_have_it(plan, names, city):
    text = (
        "job_type: fan\ntasks:\n- task_type: each\n  method: FORK_JOB\n  fork_job_type: other\n"
        "  fork_items: '{{.Names}}'\n  variables:\n    City: '{{.Item}} {{.ItemIndex}}'\n"
    )

    told = json.loads(plan("-p", f"Names={names}", text=text).out)

    assert told["tasks"][0]["variables"]["City"].startswith(city)


def test_a_missing_param_and_a_missing_variable_are_told(plan):
    outcome = plan()

    told = json.loads(outcome.out)
    assert outcome.code == 2
    assert told["missing_params"] == ["Name"]
    assert any("Unknown" in warning for warning in told["tasks"][0]["warnings"])


def test_a_param_may_not_be_called_like_a_built_in(plan):
    outcome = plan("-p", "Name=x", "-p", "JobID=7")

    assert outcome.code == 2
    assert json.loads(outcome.out)["refused_params"] == ["JobID"]


def test_paths_and_needs_are_listed(plan):
    told = json.loads(plan("-p", "Name=World").out)

    assert [[s["task"] for s in path["steps"]] for path in told["paths"]] == [
        ["hello", "short"],
        ["hello", "long"],
    ]
    assert told["needs"] == [
        {"method": "SHELL", "tags": ["linux"], "tasks": ["hello"]},
        {"method": "HTTP_GET", "tags": [], "tasks": ["long"]},
    ]


def test_yaml_says_what_json_says(plan):
    as_json, as_yaml = plan("-p", "Name=x").out, plan("-p", "Name=x", output="yaml").out

    assert yaml.safe_load(as_yaml) == json.loads(as_json)


def test_people_see_the_graph_the_paths_and_what_is_missing(plan):
    shown = plan(output="table").out

    assert "missing: the job needs the param Name (-p Name=...)" in shown
    assert "hello [exit 3] → long → COMPLETED" in shown
    assert "▷ COMPLETED: short" in shown
    assert "- echo <no value> <no value>" in shown


def test_faults_are_shown_as_lint_shows_them(plan):
    outcome = plan(text=JOB.replace("method: SHELL", "metod: SHELL"))

    assert (outcome.code, outcome.out) == (2, "")
    assert "job.yaml:5:3: tasks[0].metod: " in outcome.err


def test_more_paths_than_are_listed_are_counted(plan):
    codes = "".join(f"    {n}: ERR_{n}\n" for n in range(10, 40))
    text = JOB.replace("    3: long\n", f"    3: long\n{codes}")

    told = json.loads(plan("-p", "Name=x", text=text).out)

    assert (len(told["paths"]), told["more_paths"]) == (20, 12)
    assert not told["more_paths_uncounted"]
    assert "12 more" in plan("-p", "Name=x", text=text, output="table").out


def test_a_template_that_cannot_be_rendered_is_told_with_its_task(plan):
    text = JOB.replace("cost_factor: 2", "retry: '{{.Name}}'")

    outcome = plan("-p", "Name=many", text=text)

    assert outcome.code == 2
    assert "retry" in json.loads(outcome.out)["tasks"][0]["fault"]


def test_the_server_tells_which_ants_fit_and_what_the_others_lack(plan, server):
    fits = json.loads(plan("-p", "Name=x", "--server").out)["forecast"]["fits"]

    assert fits[0]["ants"] == ["a1"]
    assert fits[1]["ants"] == []
    assert fits[1]["hint"] == "none of 1 living ants has the method HTTP_GET"


CALLS = """\
job_type: calls
tasks:
- task_type: ask
  method: HTTP_GET
  url: https://example.com/
  headers: {X: "{{.Token}}"}
  on_completed: patient
- task_type: patient
  method: HTTP_GET
  url: https://example.com/
  timeout: 1h
  on_completed: inside
- task_type: inside
  method: HTTP_GET
  url: https://example.com/
  tags: [linux]
  on_completed: build
- task_type: build
  method: DOCKER
  container: {image: alpine}
  script: [make]
"""


def test_what_the_http_function_takes_needs_no_ant(plan, server):
    server.on("GET", "/api/health", Answer({"http_function": True}))

    fits = json.loads(plan("--server", text=CALLS).out)["forecast"]["fits"]

    told = {fit["tasks"][0]: (fit["function"], fit["hint"]) for fit in fits}
    lacking = "none of 1 living ants has the method"
    unfit = f"{lacking} HTTP_GET, and not for the HTTP function: "
    too_long = "its tasks end within 840 s, and this one may take longer"
    assert told == {
        "ask": (True, "the control plane's HTTP function"),
        "patient": (False, unfit + too_long),
        "inside": (False, unfit + "the task asks for an ant with tag linux"),
        "build": (False, f"{lacking} DOCKER"),
    }
    shown = plan("--server", text=CALLS, output="table").out
    assert "the control plane's HTTP function" in shown


def test_an_ant_that_fits_goes_before_the_http_function(plan, server):
    server.on("GET", "/api/health", Answer({"http_function": True}))
    server.on("GET", "/api/ants", Answer(a_page(ant(methods=["HTTP_GET"]))))

    fits = json.loads(plan("--server", text=CALLS).out)["forecast"]["fits"]

    assert (fits[0]["ants"], fits[0]["function"], fits[0]["hint"]) == (["a1"], False, "")
    assert fits[0]["tasks"] == ["ask", "patient"]


def test_missing_tags_are_named(plan, server):
    server.on("GET", "/api/ants", Answer(a_page(ant(tags=["mac"]))))

    fits = json.loads(plan("-p", "Name=x", "--server").out)["forecast"]["fits"]

    assert "tag linux" in fits[0]["hint"]


def test_expected_time_and_cost_come_from_completed_runs(plan, server):
    told = json.loads(plan("-p", "Name=x", "--server").out)["forecast"]

    assert server.asked[1].query["job_state"] == "COMPLETED"
    assert told["seconds"] == 2.5
    assert told["task_seconds"] == {"hello": 2.5}
    assert told["cost_seconds"] == 5.0
    assert told["control_plane_dollars"] == pytest.approx((JOB_PRICE + 2 * TASK_PRICE) / 1e6)


def test_what_nothing_is_known_of_is_called_unknown(plan, server):
    server.on("GET", "/api/jobs/requests", Answer(a_page()))

    shown = plan("-p", "Name=x", "--server", output="table").out

    assert "time: unknown, no run of this job type has completed yet" in shown
    assert "cost: unknown" in shown


@pytest.mark.parametrize(
    ("row", "price"),
    [("one more task in a job", TASK_PRICE), ("a job without its tasks", JOB_PRICE)],
)
def test_the_prices_are_those_of_the_document(row, price):
    text = (Path(__file__).parents[3] / "docs" / "cost.md").read_text()

    assert f"| {row} | {price:.2f} |" in text
