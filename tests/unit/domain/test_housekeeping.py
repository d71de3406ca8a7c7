from datetime import timedelta

import pytest

from formicary.adapters.memory.fake_clock import FakeClock
from formicary.domain.artifact import Artifact
from formicary.domain.housekeeping import (
    Chore,
    HouseStep,
    is_expired,
    is_overdue,
    retention_days,
)
from formicary.domain.job_definition import JobDefinition
from formicary.domain.job_run import JobRun
from formicary.domain.parsed_job import parse_job
from formicary.domain.states import RequestState
from formicary.domain.sweep import Stall

NOW = FakeClock().now()
KEPT = (
    b"job_type: kept\nretention_days_for_completed: 7\nretention_days_for_failed: 30\n"
    b"tasks:\n- task_type: work\n  method: SHELL\n  script: ['true']\n"
)


@pytest.fixture(scope="module")
def definition() -> JobDefinition:
    return parse_job(KEPT).definition


def a_run(state: RequestState, ended_days_ago: float) -> JobRun:
    ended = NOW - timedelta(days=ended_days_ago)
    return JobRun("acme", "run", "exec", "kept", 1, "key", ended, ended, state, ended_at=ended)


@pytest.mark.parametrize(
    ("state", "days"),
    [
        (RequestState.COMPLETED, 7),
        (RequestState.FAILED, 30),
        (RequestState.CANCELLED, 0),
        (RequestState.EXECUTING, 0),
    ],
)
def test_each_way_to_end_has_its_own_retention(definition, state, days):
    assert retention_days(definition, state) == days


def test_a_run_is_overdue_once_its_days_have_passed_and_not_before(definition):
    assert not is_overdue(a_run(RequestState.COMPLETED, 6.99), definition, NOW)
    assert is_overdue(a_run(RequestState.COMPLETED, 7.01), definition, NOW)


def test_a_run_whose_definition_says_nothing_is_kept_for_ever(definition):
    assert not is_overdue(a_run(RequestState.CANCELLED, 10_000), definition, NOW)


def test_a_run_that_goes_on_is_never_overdue(definition):
    assert not is_overdue(a_run(RequestState.EXECUTING, 10_000), definition, NOW)


def test_an_artifact_expires_at_its_time_and_one_without_never():
    artifact = Artifact(id="a", name="a", key="t/acme/a")

    assert not is_expired(artifact, NOW)
    assert is_expired(artifact.model_copy(update={"expires_at": NOW}), NOW)
    later = NOW + timedelta(seconds=1)
    assert not is_expired(artifact.model_copy(update={"expires_at": later}), NOW)


def test_a_chore_is_followed_by_its_next_page_then_by_the_next_step_and_the_last_is_done():
    first = Chore(tenant="acme")

    paged = first.go_on("page 2", expired=3)
    assert (paged.step, paged.page, paged.expired) == (HouseStep.EXPIRE_ARTIFACTS, "page 2", 3)

    following = paged.go_on(None, expired=1)
    assert (following.step, following.page) == (HouseStep.SWEEP_SCHEDULES, "")
    assert following.expired == 4

    last = following.go_on(None, retired=2)
    while not last.done:
        last = last.go_on(None)
    assert last.step is list(HouseStep)[-1]
    assert (last.expired, last.retired) == (4, 2)


def test_the_log_tells_of_each_kind_of_stall_and_of_their_sum():
    chore = Chore(tenant="acme").having_mended({"lost_tasks": 2}).having_mended({"lost_tasks": 1})

    told = chore.having_mended({"unwoken": 1}).told()

    assert (told["lost_tasks"], told["unwoken"], told["mended"]) == (3, 1, 4)
    assert {kind.value for kind in Stall} <= set(told)
    assert told["kept_slots"] == 0


def test_a_chore_of_an_unknown_step_is_refused():
    with pytest.raises(ValueError, match="step"):
        Chore.model_validate({"tenant": "acme", "step": "sweep everything"})
