"""Ants whose clocks are wrong, nearly as much as AWS bears: one ahead, one behind."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.e2e.api import tasks_of

# AWS refuses signatures that are five minutes off.
SKEW = 290
# Python runs this before anything else: all that a process learns of the time of day is shifted.
SHIFTED = """
import datetime, os, time

_real, _time = datetime.datetime, time.time
_skew = float(os.environ["SKEW_SECONDS"])


class _Shifted(type):
    def __instancecheck__(cls, value):
        return isinstance(value, _real)


class datetime_(_real, metaclass=_Shifted):
    @classmethod
    def now(cls, tz=None):
        return _real.now(tz) + datetime.timedelta(seconds=_skew)

    @classmethod
    def utcnow(cls):
        return _real.utcnow() + datetime.timedelta(seconds=_skew)


datetime.datetime = datetime_
time.time = lambda: _time() + _skew
"""
RELAY = """
job_type: e2e-relay
tasks:
- task_type: first
  method: SHELL
  tags: [ahead]
  script: ['echo one > baton.txt', 'echo one', 'sleep 1', 'echo two']
  artifacts:
    paths: [baton.txt]
  on_completed: second
- task_type: second
  method: SHELL
  tags: [behind]
  dependencies: [first]
  script: ['echo two >> baton.txt', 'cat baton.txt']
  artifacts:
    paths: [baton.txt]
  on_completed: third
- task_type: third
  method: SHELL
  tags: [ahead]
  dependencies: [second]
  script: ['cat baton.txt']
"""
TIMED = """
job_type: e2e-timed-{name}
tasks:
- task_type: short
  method: SHELL
  tags: [{name}]
  timeout: 60s
  script: ['sleep 4']
  on_completed: long
- task_type: long
  method: SHELL
  tags: [{name}]
  timeout: 3s
  script: ['sleep 600']
"""


@pytest.fixture(scope="module")
def ants(system, tmp_path_factory):
    """Two ants with wrong clocks."""
    folder = tmp_path_factory.mktemp("shifted")
    (folder / "sitecustomize.py").write_text(SHIFTED)
    ants = {
        name: system.start_ant(
            name,
            tags=name,
            more={"PYTHONPATH": str(folder), "SKEW_SECONDS": str(seconds)},
        )
        for name, seconds in (("ahead", SKEW), ("behind", -SKEW))
    }
    yield ants
    for ant in ants.values():
        ant.end()


def moments(records, field: str) -> list[datetime]:
    return [datetime.fromisoformat(record[field]) for record in records]


def is_sorted(values: list[datetime]) -> bool:
    return all(one <= other for one, other in pairwise(values))


def test_a_job_goes_from_one_to_the_other_and_is_shown_in_its_order(system, api, ants):
    begun = datetime.now(UTC)
    api.define(RELAY)
    request = api.submit("e2e-relay")
    run = api.ended(request, "COMPLETED")
    ended = datetime.now(UTC)

    tasks = tasks_of(run)
    assert list(tasks) == ["first", "second", "third"]
    assert [task["ant_id"] for task in tasks.values()] == ["ahead", "behind", "ahead"]
    assert [len(task["attempts"]) for task in tasks.values()] == [1, 1, 1]
    assert api.log(request, "third").split() == ["one", "two"]
    assert api.log(request, "first").split() == ["one", "two"]
    # When a run and its tasks end is told by the control plane, ...
    assert is_sorted([begun, *moments([run], "started_at"), *moments([run], "ended_at"), ended])
    assert is_sorted(moments(tasks.values(), "ended_at"))
    records = api.get(f"/api/jobs/requests/{request}/history", page_size=100)["records"]
    assert is_sorted(moments(records, "at"))
    kinds = [record["kind"] for record in records if record["verdict"] == "applied"]
    assert (kinds[0], kinds.count("TaskFinished")) == ("JobSubmitted", 3)
    # ... and when an ant took one by that ant, whose clock is as wrong as this test says.
    first, second, third = moments(tasks.values(), "started_at")
    assert second < begun < ended < first < third
    for ant in ants.values():
        assert "this host's clock is wrong" in system.home.log(ant.id).read_text()


@pytest.mark.parametrize("name", ["ahead", "behind"])
def test_leases_and_timeouts_do_not_follow_the_clock_of_an_ant(api, ants, name):
    api.define(TIMED.format(name=name))
    run = api.ended(api.submit(f"e2e-timed-{name}"), "FAILED")

    short, long = tasks_of(run).values()
    assert (short["task_state"], len(short["attempts"])) == ("COMPLETED", 1)
    assert (long["task_state"], len(long["attempts"])) == ("FAILED", 1)
    assert long["error_code"] == "ERR_TASK_TIMED_OUT"
    listed = {ant["ant_id"]: ant for ant in api.get("/api/ants", page_size=100)["records"]}
    assert listed[name]["alive"]
