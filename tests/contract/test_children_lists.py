"""Contract of RunRepository: the runs that one run has forked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formicary.domain.job_run import JobRun, ParentLink, derive_ulid
from formicary.domain.states import RequestState
from tests.contract.examples import NOW, a_run

OTHERS = 3


def a_child(tenant: str, parent: JobRun, item: int, **fields) -> JobRun:  # type: ignore[no-untyped-def]
    link = ParentLink(parent.request_id, parent.execution_id, "fork", "proof", item)
    later = NOW + timedelta(seconds=1 + item)
    child_id = parent.item_request_id(0, "1", item)
    return a_run(tenant, child_id, parent=link, created_at=later, scheduled_at=later, **fields)


@pytest.fixture
def family(runs, tenant):  # type: ignore[no-untyped-def]
    """A parent with five children, another of the same moment with one, and strangers."""
    parent = a_run(tenant, derive_ulid(NOW, "parent"), forks="1")
    twin = a_run(tenant, derive_ulid(NOW, "twin"), forks="1", key="another-key")
    strangers = [
        a_run(tenant, derive_ulid(NOW + timedelta(seconds=s), "stranger")) for s in (-1, 0, 1)
    ]
    children = [a_child(tenant, parent, item) for item in range(5)]
    for run in [parent, twin, *strangers, *children, a_child(tenant, twin, 0)]:
        runs.create(run)
    return parent, sorted((child.request_id for child in children), reverse=True)


def test_the_children_of_a_run_are_listed_and_no_others(runs, tenant, family):
    parent, ids = family

    page = runs.list_runs(tenant, parent=parent)

    assert [run.request_id for run in page.records] == ids
    assert page.total == 5


def test_their_list_has_pages(runs, tenant, family):
    parent, ids = family
    found, token = [], None
    for _ in range(9):
        page = runs.list_runs(tenant, parent=parent, limit=2, token=token)
        found += [run.request_id for run in page.records]
        token = page.next_token
        if token is None:
            break

    assert found == ids


def test_they_are_found_by_state_as_well(runs, tenant, family):
    parent, ids = family
    child = runs.find(tenant, ids[2])
    runs.save(child.evolve(state=RequestState.FAILED))

    page = runs.list_runs(tenant, parent=parent, states=["FAILED"])

    assert [run.request_id for run in page.records] == [ids[2]]
