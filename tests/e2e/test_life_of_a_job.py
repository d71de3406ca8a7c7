"""A job's way through retries, pauses, joins and what people ask of it, on real processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.api import eventually, states_of, tasks_of

DIAMOND = """
job_type: e2e-diamond
max_parallel: 1
tasks:
- task_type: split
  method: SHELL
  script: ['echo split']
  on_completed: [left, right]
- task_type: left
  method: SHELL
  script: ['echo "::set-output name=Left::from-left"', 'exit {{.LeftCode}}']
- task_type: right
  method: SHELL
  script: ['echo right']
- task_type: join
  method: SHELL
  depends_on: [left, right]
  script: ['echo joined {{.Left}}']
"""


def test_branches_meet_again_one_after_the_other(api):
    api.define(DIAMOND)

    run = api.ended(api.submit("e2e-diamond", LeftCode=0), "COMPLETED")

    tasks = tasks_of(run)
    assert set(tasks) == {"split", "left", "right", "join"}
    assert tasks["right"]["started_at"] >= tasks["left"]["ended_at"]
    assert "joined from-left" in api.log(run["id"], "join")


def test_a_failed_branch_keeps_the_join_from_starting_and_a_restart_mends_it(api):
    api.define(DIAMOND)
    run = api.ended(api.submit("e2e-diamond", LeftCode=3), "FAILED")
    assert states_of(run) == {"split": "COMPLETED", "left": "FAILED", "right": "COMPLETED"}
    api.define(DIAMOND.replace("exit {{.LeftCode}}", "exit 0"))

    path = f"/api/jobs/requests/{run['id']}/restart"
    assert api.call("POST", path, query={"version": "latest"}).status == 202
    api.reaches(run["id"], lambda found: found["retried"] == 1)
    mended = api.ended(run["id"], "COMPLETED")

    assert mended["job_version"] != run["job_version"]
    assert states_of(mended)["join"] == "COMPLETED"
    kept, again = tasks_of(mended)["right"], tasks_of(mended)["left"]
    assert kept["job_execution_id"] == run["job_execution_id"] != again["job_execution_id"]


def test_a_failed_job_is_tried_again_as_a_new_execution(api, tmp_path):
    api.define(
        """
job_type: e2e-job-retry
retry: 2
delay_between_retries: 1s
tasks:
- task_type: setup
  method: SHELL
  script: ['echo x >> {{.Notes}}/setup']
  on_completed: work
- task_type: work
  method: SHELL
  script: ['test {{.JobRetry}} = 1']
- task_type: clean
  method: SHELL
  always_run: true
  script: ['echo x >> {{.Notes}}/clean']
"""
    )

    run = api.ended(api.submit("e2e-job-retry", Notes=str(tmp_path)), "COMPLETED")

    assert run["retried"] == 1
    assert run["last_job_execution_id"]
    assert (tmp_path / "setup").read_text() == "x\n"
    assert (tmp_path / "clean").read_text() == "x\n"


def test_a_sensor_pauses_its_job_polls_and_restarts_it(api, tmp_path):
    api.define(
        """
job_type: e2e-sensor
pause_time: 1s
tasks:
- task_type: sense
  method: SHELL
  delay_between_retries: 1s
  script:
    - echo x >> {{.Notes}}/looks
    - exit $(wc -l < {{.Notes}}/looks)
  on_exit_code:
    1: PAUSE_JOB
    2: EXECUTING
    3: RESTART_JOB
    4: COMPLETED
"""
    )

    run = api.ended(api.submit("e2e-sensor", Notes=str(tmp_path)), "COMPLETED")

    assert (tmp_path / "looks").read_text() == "x\n" * 4
    assert run["retried"] == 1
    assert tasks_of(run)["sense"]["exit_code"] == "4"


def verb(api, run_id, name, **query):
    return api.call("POST", f"/api/jobs/requests/{run_id}/{name}", query=query)


def test_a_job_is_paused_resumed_and_cancelled_and_conflicting_verbs_are_refused(api):
    api.define(
        """
job_type: e2e-pause
tasks:
- task_type: slow
  method: SHELL
  script: ['sleep 600']
"""
    )
    run_id = api.submit("e2e-pause")
    api.reaches(run_id, lambda run: states_of(run).get("slow") == "EXECUTING")
    assert verb(api, run_id, "restart").status == 409

    assert verb(api, run_id, "pause", now="true").status == 202
    paused = api.reaches(run_id, lambda run: run["job_state"] == "PAUSED")
    assert states_of(paused) == {"slow": "PAUSED"}
    refused = verb(api, run_id, "pause")
    assert (refused.status, refused.is_problem) == (409, True)

    assert verb(api, run_id, "resume").status == 202
    api.reaches(run_id, lambda run: run["job_state"] == "EXECUTING")
    assert verb(api, run_id, "cancel").status == 202
    api.ended(run_id, "CANCELLED")
    assert verb(api, run_id, "cancel").status == 409


def test_a_request_for_later_waits_and_can_be_triggered(api):
    api.define("job_type: e2e-later\ntasks:\n- {task_type: t, method: SHELL, script: [true]}\n")
    later = (datetime.now(UTC) + timedelta(days=700)).isoformat()
    document = {"job_type": "e2e-later", "scheduled_at": later}
    run_id = api.post_json("/api/jobs/requests", document).json["id"]
    assert api.run(run_id)["job_state"] == "PENDING"

    assert verb(api, run_id, "trigger").status == 202

    api.ended(run_id, "COMPLETED")


def test_the_table_of_error_codes_names_a_failure_and_suspends_the_job(api):
    row = {
        "error_code": "ERR_DISK_FULL",
        "regex": "No space left",
        "job_type": "e2e-disk",
        "action": "SUSPEND_JOB",
    }
    assert api.post_json("/api/errors", row).status == 201
    api.define(
        "job_type: e2e-disk\ntasks:\n- task_type: copy\n  method: SHELL\n"
        "  script: ['echo No space left on device >&2; exit 1']\n"
    )

    def suspended() -> bool:
        nonlocal run_id
        run_id = api.submit("e2e-disk")
        run = api.reaches(run_id, lambda run: run["job_state"] in {"PAUSED", "FAILED"})
        return run["job_state"] == "PAUSED"

    # An engine that has just looked at the table knows the row a few seconds later.
    run_id = ""
    assert eventually(suspended)
    assert verb(api, run_id, "cancel").status == 202
    run = api.ended(run_id, "CANCELLED")
    assert tasks_of(run)["copy"]["attempts"][0]["error_code"] == "ERR_DISK_FULL"


def test_a_fork_names_the_version_of_its_child_whose_context_is_seen(api):
    child = """
job_type: e2e-tagger
sem_version: "{version}"
tasks:
- task_type: tag
  method: SHELL
  script: ['echo "::set-output name=Tag::{tag}"']
"""
    api.define(child.format(version="1.0", tag="old"))
    api.define(child.format(version="1.1", tag="new"))
    api.define(
        """
job_type: e2e-tag-it
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: e2e-tagger
  fork_job_version: "1.0"
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
  on_completed: show
- task_type: show
  method: SHELL
  script: ['echo the tag is {{.fork.Tag}}']
"""
    )

    run = api.ended(api.submit("e2e-tag-it"), "COMPLETED")

    assert "the tag is old" in api.log(run["id"], "show")
