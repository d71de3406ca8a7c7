"""Contract of RunRepository: tallies of children, where each place counts once."""

from __future__ import annotations

import pytest

from formicary.domain.states import ChildMark
from formicary.domain.tally import ChildCounts, Tally
from tests.contract.examples import a_run

DONE, BROKEN, STOPPED = ChildCounts(1), ChildCounts(failed=1), ChildCounts(cancelled=1)


def test_a_tally_begins_with_its_first_place(runs, tenant):
    tally = runs.count_once(tenant, "r1", "0000:1:000", 7, BROKEN)

    assert tally == Tally({7: ChildMark.FAILED}, BROKEN)
    assert runs.tallies(tenant, "r1", "0000:1:") == {"0000:1:000": tally}


def test_places_add_up(runs, tenant):
    for place, counts in enumerate([DONE, BROKEN, STOPPED, DONE]):
        tally = runs.count_once(tenant, "r1", "t", place, counts)

    assert tally.counts == ChildCounts(2, 1, 1)
    assert "".join(tally.marks[place] for place in sorted(tally.marks)) == "CFXC"
    assert tally.worse_than_completed() == [1, 2]


@pytest.mark.parametrize("again", [DONE, BROKEN])
def test_a_place_counts_once_whatever_is_told_of_it_again(runs, tenant, again):
    runs.count_once(tenant, "r1", "t", 3, DONE)
    first = runs.count_once(tenant, "r1", "t", 4, STOPPED)

    assert runs.count_once(tenant, "r1", "t", 3, again) == first


def test_a_hundred_places_of_many_are_one_tally(runs, tenant):
    for place in range(100):
        tally = runs.count_once(tenant, "r1", "t", place, ChildCounts(90, 10, 0))

    assert len(tally.marks) == 100
    assert tally.counts == ChildCounts(9_000, 1_000, 0)


def test_tallies_are_found_by_what_their_names_begin_with(runs, tenant):
    for name in ("0001:1:000", "0001:1:all", "0001:2:000", "0010:1:000"):
        runs.count_once(tenant, "r1", name, 0, DONE)

    assert list(runs.tallies(tenant, "r1", "0001:1:")) == ["0001:1:000", "0001:1:all"]
    assert runs.tallies(tenant, "r2", "0001:1:") == {}
    assert runs.tallies(f"{tenant}-other", "r1", "0001:1:") == {}


def test_the_run_beside_them_stays_as_it_is(runs, tenant):
    run = runs.create(a_run(tenant))

    runs.count_once(tenant, "r1", "t", 0, DONE)

    assert runs.find(tenant, "r1") == run
    assert list(runs.history(tenant, "r1")) == []
