"""Where a job goes next, on real processes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from formicary.entrypoints.local.home import CHECKOUT
from tests.e2e.api import states_of, tasks_of
from tests.e2e.host import ends, noted, runs

EXAMPLES = CHECKOUT / "examples"


@pytest.fixture(scope="module")
def by_exit_code(api):
    """Runs of one job that ends with different exit codes, all at once."""
    api.define((EXAMPLES / "exit-codes.yaml").read_bytes())
    requests = {code: api.submit("exit-codes", Code=code) for code in (0, 2, 4, 5)}
    return {code: api.ended(request) for code, request in requests.items()}


@pytest.mark.parametrize(
    ("code", "state", "way"),
    [(0, "COMPLETED", "zero"), (2, "COMPLETED", "two"), (5, "FAILED", "mend")],
)
def test_the_exit_code_of_a_task_chooses_the_way(by_exit_code, code, state, way):
    run = by_exit_code[code]

    assert run["job_state"] == state
    assert list(states_of(run)) == ["decide", way]
    assert tasks_of(run)["decide"]["exit_code"] == str(code)


def test_an_exit_code_may_become_an_error_code_of_the_author(by_exit_code):
    run = by_exit_code[4]

    assert run["job_state"] == "FAILED"
    assert run["error_code"] == "ERR_FOUR"


def test_a_task_is_tried_again_after_a_delay_until_it_succeeds(api):
    api.define((EXAMPLES / "retry.yaml").read_bytes())

    run = api.ended(api.submit("retry"), "COMPLETED")

    flaky = tasks_of(run)["flaky"]
    assert [attempt["status"] for attempt in flaky["attempts"]] == ["FAILED", "FAILED", "COMPLETED"]
    for earlier, later in pairwise(flaky["attempts"]):
        assert later["started_at"] > earlier["ended_at"]
    assert "attempt 3 is over" in api.log(run["id"], "flaky")


def test_retries_end_and_the_job_fails(api):
    api.define(
        "job_type: e2e-retries-end\ntasks:\n- task_type: never\n  method: SHELL\n  retry: 2\n"
        "  script: ['exit 3']\n"
    )

    run = api.ended(api.submit("e2e-retries-end"), "FAILED")

    assert len(tasks_of(run)["never"]["attempts"]) == 3
    assert tasks_of(run)["never"]["exit_code"] == "3"


def test_a_task_that_takes_too_long_is_ended_with_all_its_processes(api, tmp_path):
    api.define(
        """
job_type: e2e-timeout
tasks:
- task_type: slow
  method: SHELL
  timeout: 2s
  script:
    - sleep 600 & echo $! > {{.Notes}}/child
    - echo $$ > {{.Notes}}/shell
    - sleep 600
"""
    )

    run = api.ended(api.submit("e2e-timeout", Notes=str(tmp_path)), "FAILED")

    assert tasks_of(run)["slow"]["error_code"] == "ERR_TASK_TIMED_OUT"
    assert run["error_code"] == "ERR_TASK_TIMED_OUT"
    assert ends(int(noted(tmp_path / "shell")))
    assert ends(int(noted(tmp_path / "child")))


OPTIONAL = """
job_type: e2e-optional
tasks:
- task_type: try
  method: SHELL
  allow_failure: true
  script: ['exit 9']
  on_completed: left-out
- task_type: left-out
  method: SHELL
  except: '{{if eq .Mode "skip"}}true{{end}}'
  script: ['echo ran']
  on_completed: last
- task_type: last
  method: SHELL
  script: ['{{.Last}}']
- task_type: always
  method: SHELL
  always_run: true
  script: ['echo always']
"""


def test_optional_failures_are_passed_over_and_tasks_left_out(api):
    api.define(OPTIONAL)

    run = api.ended(api.submit("e2e-optional", Mode="skip", Last="true"), "COMPLETED")

    tasks = tasks_of(run)
    assert tasks["try"]["task_state"] == "FAILED"
    assert tasks["left-out"]["exit_code"] == "SKIPPED"
    assert tasks["last"]["task_state"] == "COMPLETED"
    assert tasks["always"]["task_state"] == "COMPLETED"


def test_what_always_runs_runs_after_a_failure_and_cannot_mend_it(api):
    api.define(OPTIONAL)

    run = api.ended(api.submit("e2e-optional", Mode="all", Last="exit 6"), "FAILED")

    tasks = tasks_of(run)
    assert tasks["left-out"]["exit_code"] == "0"
    assert tasks["last"]["task_state"] == "FAILED"
    assert tasks["always"]["task_state"] == "COMPLETED"


def test_a_cancel_ends_the_processes_on_the_host_and_then_the_clean_up_runs(api, tmp_path):
    api.define(
        """
job_type: e2e-cancel
tasks:
- task_type: work
  method: SHELL
  script:
    - sleep 600 & echo $! > {{.Notes}}/child
    - echo $$ > {{.Notes}}/shell
    - sleep 600
- task_type: tidy
  method: SHELL
  always_run: true
  script: ['echo tidied']
"""
    )
    request = api.submit("e2e-cancel", Notes=str(tmp_path))
    shell, child = int(noted(tmp_path / "shell")), int(noted(tmp_path / "child"))
    assert runs(shell)
    assert runs(child)

    assert api.cancel(request).status == 202
    run = api.ended(request, "CANCELLED")

    assert states_of(run) == {"work": "CANCELLED", "tidy": "COMPLETED"}
    assert ends(shell)
    assert ends(child)
    again = api.cancel(request)
    assert (again.status, again.json["code"]) == (409, "ERR_CONFLICT")


def test_a_cancelled_parent_ends_its_children(api, tmp_path):
    api.define(
        """
job_type: e2e-child
tasks:
- task_type: work
  method: SHELL
  script:
    - echo $$ > {{.Notes}}/shell
    - sleep 600
"""
    )
    api.define(
        """
job_type: e2e-parent
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: e2e-child
  variables:
    Notes: "{{.Notes}}"
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""
    )
    request = api.submit("e2e-parent", Notes=str(tmp_path))
    shell = int(noted(tmp_path / "shell"))

    api.cancel(request)
    run = api.ended(request, "CANCELLED")

    child = tasks_of(run)["fork"]["forked_job_id"]
    api.ended(child, "CANCELLED")
    assert ends(shell)


RESTARTED = """
job_type: e2e-restart
tasks:
- task_type: first
  method: SHELL
  script: ['echo first >> {{.Notes}}/runs']
  on_completed: second
- task_type: second
  method: SHELL
  script: ['echo second >> {{.Notes}}/runs', 'test -e {{.Notes}}/mended']
"""


def test_a_restart_keeps_what_completed_and_a_hard_one_runs_all_again(api, tmp_path):
    api.define(RESTARTED)
    request = api.submit("e2e-restart", Notes=str(tmp_path))
    failed = api.ended(request, "FAILED")
    (tmp_path / "mended").touch()

    assert api.call("POST", f"/api/jobs/requests/{request}/restart").status == 202
    soft = api.reaches(request, lambda run: run["job_state"] == "COMPLETED")
    after_soft = (tmp_path / "runs").read_text().split()

    hard = api.call("POST", f"/api/jobs/requests/{request}/restart", query={"hard": "true"})
    assert hard.status == 202
    again = api.reaches(
        request,
        lambda run: (
            run["job_state"] == "COMPLETED" and run["job_execution_id"] != soft["job_execution_id"]
        ),
    )

    assert soft["last_job_execution_id"] == failed["job_execution_id"]
    assert after_soft == ["first", "second", "second"]
    assert states_of(soft) == {"first": "COMPLETED", "second": "COMPLETED"}
    assert (tmp_path / "runs").read_text().split() == [*after_soft, "first", "second"]
    assert again["id"] == request


def test_what_runs_cannot_be_restarted(api, tmp_path):
    api.define(RESTARTED.replace("e2e-restart", "e2e-restart-early").replace("test -e", "sleep 9;"))
    request = api.submit("e2e-restart-early", Notes=str(tmp_path))

    refused = api.call("POST", f"/api/jobs/requests/{request}/restart")

    assert (refused.status, refused.json["code"]) == (409, "ERR_CONFLICT")
    api.cancel(request)
    api.ended(request)


def test_output_of_any_kind_harms_nobody(api):
    api.define(
        r"""
job_type: e2e-output
tasks:
- task_type: bytes
  method: SHELL
  script:
    - printf '\377\376\000 not text\n'
    - head -c 3000000 /dev/zero | tr '\0' x
    - (setsid sleep 600 &)
    - trap '' TERM
    - echo the end
"""
    )

    run = api.ended(api.submit("e2e-output"), "COMPLETED")

    answer = api.call("GET", f"/api/jobs/requests/{run['id']}/tasks/bytes/log")
    assert b" not text" in answer.body
    assert answer.headers["Formicary-Complete"] == "true"
    assert answer.body.rstrip().endswith(b"the end")


def test_a_child_is_forked_for_each_item_and_again_for_what_failed(api, tmp_path):
    api.define(
        "job_type: e2e-item\nmax_concurrency: 8\ntasks:\n- task_type: work\n  method: SHELL\n"
        "  script:\n    - echo {{.City}} {{.Number}}\n"
        "    - if [ {{.City}} = c7 ] && [ ! -e {{.Notes}}/mended ]; then exit 3; fi\n"
    )
    api.define(
        "job_type: e2e-items\ntasks:\n- task_type: each\n  method: FORK_JOB\n"
        "  fork_job_type: e2e-item\n  fork_items: '{{.Cities}}'\n  variables:\n"
        "    City: '{{.Item}}'\n    Number: '{{.ItemIndex}}'\n    Notes: '{{.Notes}}'\n"
        "  on_completed: all\n"
        "- task_type: all\n  method: AWAIT_FORKED_JOB\n  await_forked_tasks: [each]\n"
    )
    cities = "\n".join(f"c{number}" for number in range(40))
    parent = api.submit("e2e-items", Cities=cities, Notes=str(tmp_path))

    run = api.ended(parent, "FAILED")

    assert tasks_of(run)["each"]["forked_jobs"]["completed"] == 39
    assert "item 7" in run["error_message"]
    listed = api.get("/api/jobs/requests", parent_id=parent, page_size=50)
    assert listed["total_records"] == 40
    failed = api.get("/api/jobs/requests", parent_id=parent, job_state="FAILED")["records"]
    assert [child["error_code"] for child in failed] == ["ERR_TASK_EXECUTE"]
    assert api.log(failed[0]["id"], "work") == "c7 7\n"

    (tmp_path / "mended").touch()
    assert api.call("POST", f"/api/jobs/requests/{parent}/restart").status == 202
    api.reaches(parent, lambda run: run["last_job_execution_id"])
    run = api.ended(parent, "COMPLETED")

    assert tasks_of(run)["each"]["forked_jobs"] == {
        "total": 40,
        "forked": 40,
        "completed": 40,
        "failed": 0,
        "cancelled": 0,
    }
    assert api.get("/api/jobs/requests", parent_id=parent)["total_records"] == 41
