"""Limits, leases and schedules on real processes: the table counts, whoever asks at once."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.e2e.api import eventually

LIMITED = (
    "job_type: e2e-limited\nmax_concurrency: 2\ntasks:\n- task_type: work\n  method: SHELL\n"
    "  script: ['sleep 0.2']\n"
)
LEASING = (
    "job_type: e2e-leasing\nresources:\n  resource_type: e2e-door\ntasks:\n- task_type: work\n"
    "  method: SHELL\n  script: ['sleep 0.2']\n"
)
TICKING = (
    "job_type: e2e-ticking\ncron_trigger: '*/2 * * * * * *'\ntasks:\n- task_type: work\n"
    "  method: SHELL\n  script: ['true']\n"
)


def most_at_once(runs: list[Any]) -> int:
    """The largest number of runs that went on at the same moment."""
    moments = [(datetime.fromisoformat(run["started_at"]), 1) for run in runs]
    moments += [(datetime.fromisoformat(run["ended_at"]), -1) for run in runs]
    at_once = most = 0
    for _, change in sorted(moments):
        at_once += change
        most = max(most, at_once)
    return most


def test_no_more_runs_go_on_at_once_than_the_limit_and_all_have_their_turn(api):
    api.define(LIMITED)
    requests = [api.submit("e2e-limited") for _ in range(12)]

    runs = [api.ended(request, "COMPLETED") for request in requests]

    assert most_at_once(runs) <= 2


def test_jobs_that_lease_the_same_resource_follow_one_another(api):
    resource = api.post_json("/api/jobs/resources", {"resource_type": "e2e-door"}).json["id"]
    api.define(LEASING)
    requests = [api.submit("e2e-leasing") for _ in range(4)]

    runs = [api.ended(request, "COMPLETED") for request in requests]

    assert most_at_once(runs) == 1
    assert api.get(f"/api/jobs/resources/{resource}")["free"] == 1


def test_a_job_with_a_schedule_of_seconds_runs_by_itself(api):
    api.define(TICKING)

    def begun() -> list[Any]:
        found = api.get("/api/jobs/requests", job_type="e2e-ticking")["records"]
        return [run for run in found if run["job_state"] == "COMPLETED"]

    assert eventually(lambda: len(begun()) >= 3)
    api.post_json("/api/jobs/definitions/e2e-ticking/disable", {})
    times = sorted(datetime.fromisoformat(run["scheduled_at"]) for run in begun())
    assert all((later - earlier).total_seconds() >= 2 for earlier, later in pairwise(times))
