"""The system itself is stopped, and killed, in the middle of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.api import eventually, states_of, tasks_of
from tests.e2e.host import noted

GATED = """
job_type: e2e-{name}
tasks:
- task_type: first
  method: SHELL
  script: ['echo first >> {{{{.Notes}}}}/runs', 'echo 1 > one.txt']
  artifacts:
    paths: [one.txt]
  on_completed: wait
- task_type: wait
  method: SHELL
  script:
    - echo $$ > {{{{.Notes}}}}/there
    - while [ ! -e {{{{.Notes}}}}/go-on ]; do sleep 0.1; done
  on_completed: last
- task_type: last
  method: SHELL
  dependencies: [first]
  script: ['cat one.txt >> {{{{.Notes}}}}/last']
"""


def in_the_middle(api, text: str, notes) -> str:
    """Start a job and return when its second task is at work."""
    request = api.submit(api.define(text)["job_type"], Notes=str(notes))
    noted(notes / "there")
    return request


def is_whole(run, notes) -> None:
    assert states_of(run) == {"first": "COMPLETED", "wait": "COMPLETED", "last": "COMPLETED"}
    assert (notes / "runs").read_text().split() == ["first"]
    assert (notes / "last").read_text().split() == ["1"]


LISTS = ("/api/jobs/definitions", "/api/jobs/requests", "/api/artifacts")


def everything(api) -> dict[str, Any]:
    return {path: api.get(path, page_size=100)["records"] for path in LISTS}


@dataclass
class Crash:
    """Two runs in whose middle the embedded AWS was killed, after a snapshot of its state."""

    with_ant: str
    notes: Path
    without_ant: str
    other_notes: Path
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def crash(system, tmp_path_factory) -> Crash:
    """Kill the embedded AWS; the ant of one run survives, that of the other does not."""
    api = system.api()
    notes, other_notes = tmp_path_factory.mktemp("crash"), tmp_path_factory.mktemp("blackout")
    with_ant = in_the_middle(api, GATED.format(name="crash"), notes)
    ant = system.start_ant("lost", tags="lost")
    tagged = GATED.format(name="blackout").replace("SHELL\n", "SHELL\n  tags: [lost]\n")
    without_ant = in_the_middle(api, tagged, other_notes)
    assert eventually(lambda: system.events_under_way() == 0)
    before = {**everything(api), "run": tasks_of(api.run(with_ant))["first"]}
    system.aws.save_now()

    ant.kill()
    system.kill_aws()
    told = system.up()

    assert "embedded AWS started" in told
    api = system.api()
    after = {**everything(api), "run": tasks_of(api.run(with_ant))["first"]}
    for folder in (notes, other_notes):
        (folder / "go-on").touch()
    return Crash(with_ant, notes, without_ant, other_notes, before, after)


def test_all_of_the_last_snapshot_is_there_after_a_kill(system_to_break, crash):
    assert crash.after == crash.before


def test_a_job_goes_on_after_the_embedded_aws_was_killed(system_to_break, crash):
    run = system_to_break.api().ended(crash.with_ant, "COMPLETED")

    is_whole(run, crash.notes)
    # Its ant has outlived the crash, so nothing had to run again.
    assert tasks_of(run)["wait"]["retried"] == 0


def test_a_job_goes_on_after_its_ant_was_killed_too(system_to_break, crash):
    again = system_to_break.start_ant("lost", tags="lost")

    run = system_to_break.api().ended(crash.without_ant, "COMPLETED")

    is_whole(run, crash.other_notes)
    assert tasks_of(run)["wait"]["retried"] == 1
    again.end()


def test_a_job_goes_on_after_down_and_up(system_to_break, tmp_path):
    system = system_to_break
    api = system.api()
    request = in_the_middle(api, GATED.format(name="down-up"), tmp_path)

    system.down()
    assert system.aws.request("GET", "/_ministack/ready") is None
    (tmp_path / "go-on").touch()
    system.up()

    is_whole(system.api().ended(request, "COMPLETED"), tmp_path)


def test_a_second_up_changes_nothing(system_to_break):
    token = system_to_break.env["FORMICARY_TOKEN"]
    pid = system_to_break.aws.daemon.pid()

    told = system_to_break.up()

    assert "runs at" in told
    assert system_to_break.aws.daemon.pid() == pid
    assert system_to_break.env["FORMICARY_TOKEN"] == token
