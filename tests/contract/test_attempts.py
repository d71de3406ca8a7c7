"""Contract of RunRepository: outcomes of attempts."""

from __future__ import annotations

from datetime import timedelta

from formicary.adapters.aws.attempt_codec import TIMINGS, decode_attempt, encode_attempt
from formicary.domain.states import RequestState, TaskMethod
from formicary.domain.task_response import TaskLog, TaskResponseTimings
from tests.contract.examples import NOW, an_artifact, an_attempt, noise


def a_full_attempt():
    timings = {
        name: NOW + timedelta(seconds=index, microseconds=index)
        for index, name in enumerate(TaskResponseTimings.model_fields)
        if name != "pod_started_at"
    }
    return an_attempt(
        attempt=12,
        task_index=999,
        method=TaskMethod.HTTP_POST_JSON,
        status=RequestState.FAILED,
        exit_code="500",
        exit_message="no",
        error_code="ERR_X",
        error_message="broken",
        failed_command="curl",
        ant_id="ant-1",
        ant_host="host",
        context={"a": "ü"},
        artifacts=[an_artifact("a1", metadata={"archive": "tar.gz"})],
        warnings=["w"],
        stdout=["line", "ü"],
        cost_factor=1.5,
        timings=TaskResponseTimings(**timings),
        log=TaskLog(inline="hello\n" * 500, chunks=2, size=3000, truncated=True),
        started_at=NOW,
        ended_at=NOW + timedelta(microseconds=1),
    )


def test_an_outcome_comes_back_as_it_was(runs, tenant):
    for attempt in (an_attempt(), a_full_attempt()):
        runs.put_attempt(tenant, attempt)

    assert list(runs.attempts(tenant, "r1", "e1")) == [an_attempt(), a_full_attempt()]


def test_outcomes_come_by_task_then_by_attempt(runs, tenant):
    places = [(10, 1), (2, 11), (2, 2), (0, 1), (1000, 1)]
    for task_index, attempt in places:
        runs.put_attempt(tenant, an_attempt(attempt, task_index))

    found = runs.attempts(tenant, "r1", "e1")

    assert [(a.task_index, a.attempt) for a in found] == sorted(places)
    assert [a.attempt for a in runs.attempts(tenant, "r1", "e1", 2)] == [2, 11]
    assert runs.attempts(tenant, "r1", "e1", 1) == []


def test_an_outcome_told_twice_is_kept_once(runs, tenant):
    runs.put_attempt(tenant, an_attempt())
    runs.put_attempt(tenant, an_attempt())

    assert len(runs.attempts(tenant, "r1", "e1")) == 1


def test_a_late_outcome_never_overwrites_one_in_time_nor_another_late_one(runs, tenant):
    in_time = an_attempt(ant_id="a", status=RequestState.FAILED)
    late = an_attempt(ant_id="a", late=True)
    later = an_attempt(ant_id="a#b", late=True, ended_at=NOW + timedelta(seconds=1))
    for attempt in (late, in_time, later, late):
        runs.put_attempt(tenant, attempt)

    assert list(runs.attempts(tenant, "r1", "e1", 0)) == [in_time, late, later]


def test_executions_and_tenants_do_not_see_each_others_outcomes(runs, tenant):
    runs.put_attempt(tenant, an_attempt())
    runs.put_attempt(tenant, an_attempt(job_execution_id="e1#0000"))

    assert len(runs.attempts(tenant, "r1", "e1")) == 1
    assert len(runs.attempts(tenant, "r1", "e1#0000")) == 1
    assert runs.attempts(tenant, "r1", "e") == []
    assert runs.attempts(f"{tenant}x", "r1", "e1") == []


def test_many_large_outcomes_are_all_returned(runs, tenant):
    output = noise(9000)
    for number in range(8):
        runs.put_attempt(tenant, an_attempt(attempt=number + 1, stdout=output))

    assert [a.attempt for a in runs.attempts(tenant, "r1", "e1")] == list(range(1, 9))


def test_the_stored_order_of_timings_knows_every_field():
    assert set(TIMINGS) == set(TaskResponseTimings.model_fields)


def test_a_typical_outcome_with_some_output_costs_one_write_unit():
    attempt = an_attempt(
        exit_code="0",
        ant_id="ant-7f3a2b",
        ant_host="ip-10-0-12-34.ec2.internal",
        timings=TaskResponseTimings(received_at=NOW, script_finished_at=NOW + timedelta(seconds=3)),
        log=TaskLog(inline="done: 12 files\n" * 10, size=150),
        started_at=NOW,
    )

    keys_of_an_item = 120
    assert len(encode_attempt(attempt)) + keys_of_an_item < 1024


def test_an_outcome_too_large_for_an_item_loses_its_output_and_keeps_its_verdict():
    attempt = an_attempt(stdout=noise(80_000), exit_code="7", context={"a": "b"})

    packed = encode_attempt(attempt)
    kept = decode_attempt("r1", "e1", packed)

    assert len(packed) < 300_000
    assert (kept.exit_code, kept.status, kept.stdout) == ("7", RequestState.COMPLETED, [])
    assert "too large" in kept.warnings[0]
