"""A restart on a version whose tasks have other places: what was kept is found by its name."""

import pytest

from tests.unit.lambdas.job_play import JobPlay, artifact_of

TWO = """
job_type: hello
tasks:
- task_type: fetch
  method: SHELL
  script: [fetch]
  on_completed: [use]
- task_type: use
  method: SHELL
  script: [use]
  dependencies: [fetch]
"""
IN_FRONT = TWO.replace(
    "tasks:\n",
    "tasks:\n- task_type: tidy\n  method: SHELL\n  script: [tidy]\n  always_run: true\n",
)


@pytest.fixture
def play() -> JobPlay:
    """A run that failed in its second task."""
    play = JobPlay()
    play.define(TWO)
    return play


def restarted(play: JobPlay) -> str:
    """Let a run fail in its second task, and restart it on a version with one more in front."""
    run_id = play.start()
    fetch = play.next_task()
    play.finish(fetch, job_context={"from": "fetch"}, artifacts=[artifact_of(fetch, "data.txt")])
    play.finish(play.next_task(), "1")
    play.define(IN_FRONT)
    query = {"version": "latest"}
    assert play.post(f"/api/jobs/requests/{run_id}/restart", query=query).status == 202
    play.settle()
    return run_id


def test_a_task_that_was_kept_is_shown_with_its_own_outcome(play: JobPlay) -> None:
    run_id = restarted(play)

    tasks = {task["task_type"]: task for task in play.show(run_id)["execution"]["tasks"]}

    assert tasks["fetch"]["ant_id"] == "ant-1"
    assert [artifact["name"] for artifact in tasks["fetch"]["artifacts"]] == ["data.txt"]
    assert tasks["use"]["attempts"] == []


def test_the_log_of_a_task_that_was_kept_is_its_own(play: JobPlay) -> None:
    run_id = restarted(play)

    answer = play.get(f"/api/jobs/requests/{run_id}/tasks/fetch/log")

    assert (answer.status, answer.body) == (200, b"done\n")


def test_what_a_task_that_was_kept_has_left_is_handed_on(play: JobPlay) -> None:
    restarted(play)

    use = play.next_task()

    assert use.request.task_type == "use"
    assert [artifact.name for artifact in use.dependencies] == ["data.txt"]


def test_a_report_of_a_task_that_the_new_version_has_not_is_late_and_no_fault(
    play: JobPlay,
) -> None:
    """Seed 101081 of the simulator: it failed again and again until it was a dead letter."""
    run_id = play.start()
    fetch = play.next_task()
    play.finish(fetch)
    use = play.next_task()
    play.finish(use)
    play.define(TWO.partition("  on_completed")[0])
    play.post(f"/api/jobs/requests/{run_id}/restart", query={"version": "latest"})
    play.settle()

    play.finish(use, "7")

    run = play.show(run_id)
    assert run["job_state"] == "COMPLETED"
    assert [task["task_type"] for task in run["execution"]["tasks"]] == ["fetch"]
