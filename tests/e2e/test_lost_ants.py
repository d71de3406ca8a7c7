"""Ants that share work, are killed, or are cut off: real processes and real signals."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.api import eventually, states_of, tasks_of
from tests.e2e.host import ends, noted, runs

SHARED = """
job_type: e2e-shared
tasks:
- task_type: meet
  method: SHELL
  tags: [shared]
  timeout: 2m
  script:
    # Nobody gets on before both are there: one ant with room for one task cannot do it alone.
    - touch {{.Notes}}/{{.Name}}
    - while [ $(ls {{.Notes}} | wc -l) -lt 2 ]; do sleep 0.1; done
"""

KILLED = """
job_type: e2e-killed
tasks:
- task_type: work
  method: SHELL
  tags: [killed]
  script:
    - echo "$FORMICARY_ATTEMPT" >> {{.Notes}}/attempts
    - test "$FORMICARY_ATTEMPT" -gt 1 || { echo "$$ $PWD" > {{.Notes}}/first; sleep 900; }
    - echo "done by attempt $FORMICARY_ATTEMPT"
  on_completed: after
- task_type: after
  method: SHELL
  script: ['echo after >> {{.Notes}}/after']
"""

CUT_OFF = """
job_type: e2e-cut-off
tasks:
- task_type: work
  method: SHELL
  tags: [cut-off]
  script:
    - |
      if [ "$FORMICARY_ATTEMPT" = 1 ]; then
        echo "$$ $PWD" > {{.Notes}}/first
        while [ ! -e {{.Notes}}/go-on ]; do sleep 0.1; done
      fi
    - echo "$FORMICARY_ATTEMPT" > result.txt
    - echo "::set-output name=Winner::$FORMICARY_ATTEMPT"
  artifacts:
    paths: [result.txt]
  on_completed: after
- task_type: after
  method: SHELL
  dependencies: [work]
  script: ['cat result.txt >> {{.Notes}}/after', 'echo won by {{.Winner}}']
"""


class Loss:
    """A run whose first attempt is on an ant that was lost, with another ant there."""

    def __init__(self, system, api, notes: Path, name: str, text: str) -> None:
        self.notes = notes
        ants = [system.start_ant(f"{name}-{number}", tags=name) for number in (1, 2)]
        api.define(text)
        self.request = api.submit(f"e2e-{name}", Notes=str(notes))
        pid, _, folder = noted(notes / "first").partition(" ")
        self.task_pid = int(pid)
        (self.lost,) = [ant for ant in ants if f"/{ant.id}/" in folder]
        (self.other,) = [ant for ant in ants if ant is not self.lost]


@pytest.fixture(scope="module")
def losses(system, api, tmp_path_factory):
    """Both losses at once, so that their leases run out while the other tests run."""
    killed = Loss(system, api, tmp_path_factory.mktemp("killed"), "killed", KILLED)
    killed.lost.kill()
    cut_off = Loss(system, api, tmp_path_factory.mktemp("cut-off"), "cut-off", CUT_OFF)
    cut_off.lost.freeze()
    yield {"killed": killed, "cut-off": cut_off}
    for loss in (killed, cut_off):
        loss.lost.end()
        loss.other.end()
        if runs(loss.task_pid):
            os.kill(loss.task_pid, signal.SIGKILL)


@pytest.mark.usefixtures("losses")
def test_several_ants_share_the_work(system, api, tmp_path):
    ants = [system.start_ant(f"shared-{number}", tags="shared") for number in (1, 2)]
    api.define(SHARED)

    requests = [api.submit("e2e-shared", Notes=str(tmp_path), Name=name) for name in "ab"]
    ended = [api.ended(request, "COMPLETED") for request in requests]

    assert {tasks_of(run)["meet"]["ant_id"] for run in ended} == {ant.id for ant in ants}
    listed = {ant["ant_id"]: ant for ant in api.get("/api/ants", page_size=100)["records"]}
    assert all(listed[ant.id]["alive"] for ant in ants)
    for ant in ants:
        ant.end()


def test_another_ant_finishes_the_job_of_one_that_was_killed(api, losses):
    loss = losses["killed"]

    run = api.ended(loss.request, "COMPLETED")

    work = tasks_of(run)["work"]
    assert (loss.notes / "attempts").read_text().split() == ["1", "2"]  # it ran twice
    assert (loss.notes / "after").read_text().split() == ["after"]  # and completed once
    assert work["ant_id"] == loss.other.id
    assert work["retried"] == 1
    assert [a["attempt"] for a in work["attempts"] if a["status"] == "COMPLETED"] == [2]
    assert "done by attempt 2" in api.log(loss.request, "work")


def test_an_ant_that_comes_back_from_the_dead_ends_what_it_left_running(system, losses):
    loss = losses["killed"]
    assert runs(loss.task_pid)  # it outlived its ant, as on a host that is cut off

    again = system.start_ant(loss.lost.id, tags="killed")

    assert ends(loss.task_pid)
    again.end()


def test_the_report_of_an_ant_that_was_cut_off_is_kept_as_late_and_changes_nothing(api, losses):
    loss = losses["cut-off"]
    before = api.ended(loss.request, "COMPLETED")
    assert tasks_of(before)["work"]["ant_id"] == loss.other.id

    (loss.notes / "go-on").touch()
    assert ends(loss.task_pid)
    loss.lost.thaw()
    after = api.reaches(
        loss.request, lambda run: any(a["late"] for a in tasks_of(run)["work"]["attempts"])
    )

    work = tasks_of(after)["work"]
    assert [(a["attempt"], a["late"], a["ant_id"]) for a in work["attempts"]] == [
        (1, True, loss.lost.id),
        (2, False, loss.other.id),
    ]
    assert without_attempts(after) == without_attempts(before)
    assert states_of(after) == {"work": "COMPLETED", "after": "COMPLETED"}
    (result,) = work["artifacts"]
    assert api.download(result) == b"2\n"
    assert (loss.notes / "after").read_text().split() == ["2"]
    assert "won by 2" in api.log(loss.request, "after")


def test_an_ant_that_was_cut_off_works_again(api, losses, tmp_path):
    losses["cut-off"].other.end()
    (tmp_path / "go-on").touch()

    run = api.ended(api.submit("e2e-cut-off", Notes=str(tmp_path)), "COMPLETED")

    assert tasks_of(run)["work"]["ant_id"] == losses["cut-off"].lost.id


def test_ants_that_are_gone_are_shown_as_silent(api):
    gone = "shared-1"  # for longest

    assert eventually(lambda: api.get(f"/api/ants/{gone}")["alive"] is False)


def without_attempts(run):
    tasks = [{**task, "attempts": []} for task in run["execution"]["tasks"]]
    return {**run, "execution": {**run["execution"], "tasks": tasks}}
