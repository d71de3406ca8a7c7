"""Contract of WatcherRepository."""

from __future__ import annotations

import pytest

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.watching import Watcher


@pytest.fixture
def watchers(tables):
    return tables.watchers


@pytest.fixture
def watcher(tables) -> Watcher:
    # A connection id as API Gateway makes them.
    return Watcher(connection_id="L0SM9cOFvHcCIhw=", request_id="r1", since=tables.clock.now())


def test_a_watcher_is_found_as_it_was_put(watchers, watcher, tenant):
    told = watcher.having(
        task_type="t", execution_id="e", state="EXECUTING", marks="aC", offsets={"e/0/1": None}
    )
    watchers.put(tenant, told)

    assert list(watchers.list(tenant)) == [told.having(version=1)]
    assert list(watchers.list(f"{tenant}x")) == []


def test_watching_another_run_takes_the_place_of_the_first(watchers, watcher, tenant):
    watchers.put(tenant, watcher)
    watchers.put(tenant, watcher.having(request_id="r2"))

    assert [found.request_id for found in watchers.list(tenant)] == ["r2"]


def test_of_two_saves_on_one_version_the_first_wins(watchers, watcher, tenant):
    watchers.put(tenant, watcher)
    (stored,) = watchers.list(tenant)

    watchers.save(tenant, stored.having(marks="a"))
    with pytest.raises(ConcurrentUpdateError):
        watchers.save(tenant, stored.having(marks="C"))

    (now,) = watchers.list(tenant)
    assert (now.marks, now.version) == ("a", 2)


def test_who_was_removed_does_not_come_back(watchers, watcher, tenant):
    watchers.put(tenant, watcher)
    (stored,) = watchers.list(tenant)

    watchers.remove(tenant, watcher.connection_id)
    watchers.remove(tenant, watcher.connection_id)
    with pytest.raises(ConcurrentUpdateError):
        watchers.save(tenant, stored)

    assert list(watchers.list(tenant)) == []
