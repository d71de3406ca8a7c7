"""Contracts of NotificationRepository and EndedRuns."""

from dataclasses import replace
from datetime import timedelta

import pytest

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.notification import Channel, Notification, NotificationState
from formicary.domain.states import RequestState
from tests.contract.examples import NOW, a_run


def a_notification(name="e1:FAILED:email:0123", **fields):
    return Notification(
        id=name,
        job_request_id="r1",
        job_execution_id="e1",
        channel=Channel.EMAIL,
        recipient="ann@example.org",
        job_state=RequestState.FAILED,
        created_at=NOW,
        updated_at=NOW,
        **fields,
    )


@pytest.fixture
def notifications(tables):
    return tables.notifications


def test_a_telling_comes_back_as_it_was_stored(notifications, tenant):
    plain = notifications.save(tenant, a_notification())
    full = notifications.save(
        tenant,
        a_notification(
            "e1:0:7:FAILED:webhook:ü#1",
            task_type="load",
            fixed=True,
            state=NotificationState.FAILING,
            attempts=3,
            error="It answered 503.",
        ),
    )

    assert notifications.find(tenant, "r1", plain.id) == plain
    assert notifications.find(tenant, "r1", full.id) == full
    assert [n.id for n in notifications.list(tenant, "r1")] == sorted([plain.id, full.id])


def test_only_who_has_read_the_last_state_may_store_the_next(notifications, tenant):
    first = notifications.save(tenant, a_notification())
    second = notifications.save(tenant, replace(first, state=NotificationState.SENT))

    assert (first.version, second.version) == (1, 2)
    for stale in (a_notification(), first):
        with pytest.raises(ConcurrentUpdateError):
            notifications.save(tenant, stale)
    assert notifications.find(tenant, "r1", first.id) == second


def test_tellings_belong_to_one_run_of_one_tenant(notifications, tenant):
    notifications.save(tenant, a_notification())

    assert notifications.find("somebody-else", "r1", "e1:FAILED:email:0123") is None
    assert notifications.list(tenant, "r2") == []


def ended(runs, tenant, number, state, job_type="encode"):
    run = a_run(tenant, f"r{number:04d}", job_type=job_type, created_at=NOW + timedelta(hours=1))
    return runs.create(replace(run, state=state))


def test_the_run_before_is_the_newest_of_its_type_that_completed_or_failed(runs, tenant):
    ended(runs, tenant, 1, RequestState.COMPLETED)
    before = ended(runs, tenant, 2, RequestState.FAILED)
    ended(runs, tenant, 3, RequestState.CANCELLED)
    ended(runs, tenant, 4, RequestState.EXECUTING)
    ended(runs, tenant, 5, RequestState.COMPLETED, job_type="other")
    run = ended(runs, tenant, 6, RequestState.COMPLETED)
    ended(runs, tenant, 7, RequestState.COMPLETED)

    found = runs.previous_ended(run)

    assert (found.request_id, found.state) == (before.request_id, RequestState.FAILED)


def test_the_first_run_of_a_type_has_none_before_it(runs, tenant):
    ended(runs, tenant, 1, RequestState.COMPLETED, job_type="other")

    assert runs.previous_ended(ended(runs, tenant, 2, RequestState.COMPLETED)) is None


def test_the_run_before_is_found_behind_many_others(runs, tenant):
    before = ended(runs, tenant, 0, RequestState.FAILED)
    for number in range(1, 70):
        ended(runs, tenant, number, RequestState.COMPLETED, job_type="other")

    found = runs.previous_ended(ended(runs, tenant, 70, RequestState.COMPLETED))

    assert found.request_id == before.request_id
