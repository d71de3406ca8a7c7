"""Gates: never more slots than the limit, all or none, once each, and a line in order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.gates import Applicant, Claim, Gate, Holding, TenantLimits, rank_of
from formicary.domain.job_resource import JobResource
from tests.contract.examples import NOW

if TYPE_CHECKING:
    from tests.contract.backends import Tables

GATE = "type:build"


@pytest.fixture
def gates(tables: Tables) -> Any:
    return tables.gates


def applicant(run: str, *, stint: int = 0, priority: int = 0) -> Applicant:
    return Applicant(run, f"e-{run}", "build", stint, rank_of(priority, NOW, run), f"proof-{run}")


def take(gates, tenant, run, *claims, stint=0, waited=False):
    wanted = claims or (Claim(GATE),)
    return gates.take(tenant, wanted, applicant(run, stint=stint), waited=waited)


def test_a_gate_that_was_never_limited_is_not_there(gates, tenant):
    assert gates.find(tenant, GATE) is None


def test_a_limit_is_kept_and_changed_by_what_it_differs(gates, tenant):
    gates.limit(tenant, GATE, 2)
    take(gates, tenant, "a")

    assert gates.limit(tenant, GATE, 5) == Gate(GATE, 5, 4)
    assert gates.limit(tenant, GATE, 5) == Gate(GATE, 5, 4)
    assert gates.find(tenant, GATE) == Gate(GATE, 5, 4)


def test_only_a_new_gate_is_limited_when_so_asked(gates, tenant):
    assert gates.limit(tenant, GATE, 2, only_new=True) == Gate(GATE, 2, 2)
    assert gates.limit(tenant, GATE, 9, only_new=True) == Gate(GATE, 2, 2)


def test_no_more_slots_are_taken_than_there_are(gates, tenant):
    gates.limit(tenant, GATE, 2)

    assert [take(gates, tenant, run) for run in "abc"] == [True, True, False]
    assert gates.find(tenant, GATE).free == 0


def test_a_gate_that_nobody_limited_lets_nobody_pass(gates, tenant):
    assert take(gates, tenant, "a") is False


def test_taking_twice_takes_once(gates, tenant):
    gates.limit(tenant, GATE, 2)

    assert gates.held(tenant, GATE, "a") is None
    assert take(gates, tenant, "a")
    assert take(gates, tenant, "a")
    assert gates.held(tenant, GATE, "a") == Holding(0, 1)
    assert gates.find(tenant, GATE).free == 1


def test_slots_of_an_earlier_stint_that_are_being_given_back_count_once(gates, tenant):
    other = "tenant"
    for name in (GATE, other):
        gates.limit(tenant, name, 2)
    claims = (Claim(GATE), Claim(other))
    take(gates, tenant, "a", *claims)
    gates.give_back(tenant, [Claim(GATE)], "a", 0)

    assert take(gates, tenant, "a", *claims, stint=1)
    assert gates.give_back(tenant, [Claim(other)], "a", 0) is False
    assert [gates.find(tenant, name).free for name in (GATE, other)] == [1, 1]
    assert [gates.held(tenant, name, "a") for name in (GATE, other)] == [Holding(1, 1)] * 2


def test_what_is_missing_beside_what_is_held_is_refused_while_it_is_not_free(gates, tenant):
    other = "tenant"
    for name in (GATE, other):
        gates.limit(tenant, name, 1)
    claims = (Claim(GATE), Claim(other))
    take(gates, tenant, "a", *claims)
    gates.give_back(tenant, [Claim(GATE)], "a", 0)
    take(gates, tenant, "b")

    assert take(gates, tenant, "a", *claims) is False
    gates.give_back(tenant, [Claim(GATE)], "b", 0)
    assert take(gates, tenant, "a", *claims)
    assert [gates.find(tenant, name).free for name in (GATE, other)] == [0, 0]


def test_giving_back_twice_gives_back_once(gates, tenant):
    gates.limit(tenant, GATE, 1)
    take(gates, tenant, "a")

    assert gates.give_back(tenant, [Claim(GATE)], "a", 0) is True
    assert gates.give_back(tenant, [Claim(GATE)], "a", 0) is False
    assert gates.find(tenant, GATE).free == 1


def test_what_was_never_taken_cannot_be_given_back(gates, tenant):
    gates.limit(tenant, GATE, 1)

    assert gates.give_back(tenant, [Claim(GATE)], "a", 0) is False
    assert gates.find(tenant, GATE).free == 1


def test_slots_of_an_earlier_stint_become_those_of_the_later(gates, tenant):
    gates.limit(tenant, GATE, 1)
    take(gates, tenant, "a", stint=0)

    assert take(gates, tenant, "a", stint=1)
    assert gates.give_back(tenant, [Claim(GATE)], "a", 0) is False
    assert gates.give_back(tenant, [Claim(GATE)], "a", 1) is True


def test_all_gates_are_passed_or_none(gates, tenant):
    gates.limit(tenant, GATE, 5)
    gates.limit(tenant, "tenant", 0)

    assert take(gates, tenant, "a", Claim(GATE), Claim("tenant")) is False
    assert gates.find(tenant, GATE).free == 5


def test_amounts_are_counted(gates, tenant):
    gates.limit(tenant, "resource:licences", 5)
    licences = Claim("resource:licences", 3)

    assert take(gates, tenant, "a", licences) is True
    assert take(gates, tenant, "b", licences) is False
    gates.give_back(tenant, [licences], "a", 0)
    assert gates.find(tenant, "resource:licences").free == 5


def test_a_limit_below_what_is_taken_closes_the_gate_until_enough_is_back(gates, tenant):
    gates.limit(tenant, GATE, 3)
    for run in "abc":
        take(gates, tenant, run)
    gates.limit(tenant, GATE, 1)

    for run in "ab":
        gates.give_back(tenant, [Claim(GATE)], run, 0)
        assert take(gates, tenant, "d") is False
    gates.give_back(tenant, [Claim(GATE)], "c", 0)
    assert take(gates, tenant, "d") is True


def test_the_line_is_sorted_by_priority_then_age(gates, tenant):
    for run, priority in (("b", 0), ("a", 0), ("urgent", 9), ("idle", -9)):
        gates.wait(tenant, GATE, applicant(run, priority=priority))

    assert [who.request_id for who in gates.line(tenant, GATE, 9)] == ["urgent", "a", "b", "idle"]
    assert [who.request_id for who in gates.line(tenant, GATE, 2)] == ["urgent", "a"]


def test_the_line_before_a_place_leaves_that_place_out(gates, tenant):
    for run in "abc":
        gates.wait(tenant, GATE, applicant(run))

    def before(run, limit):
        line = gates.line(tenant, GATE, limit, before=applicant(run).rank)
        return [who.request_id for who in line]

    assert before("c", 5) == ["a", "b"]
    assert before("c", 1) == ["a"]
    assert before("d", 5) == ["a", "b", "c"]
    assert before("a", 5) == []


def test_who_stands_in_line_comes_back_as_it_was(gates, tenant):
    gates.wait(tenant, GATE, applicant("a", stint=3, priority=7))

    assert list(gates.line(tenant, GATE, 1)) == [applicant("a", stint=3, priority=7)]


def test_passing_takes_out_of_the_line(gates, tenant):
    gates.limit(tenant, GATE, 1)
    gates.wait(tenant, GATE, applicant("a"))

    assert take(gates, tenant, "a", waited=True)
    assert not gates.line(tenant, GATE, 1)
    assert [who.request_id for who in gates.holders(tenant, GATE, 5)] == ["a"]


def test_only_the_own_stint_and_earlier_ones_leave_the_line(gates, tenant):
    gates.wait(tenant, GATE, applicant("a", stint=2))

    gates.stop_waiting(tenant, GATE, applicant("a").rank, 1)
    assert gates.line(tenant, GATE, 1)
    gates.stop_waiting(tenant, GATE, applicant("a").rank, 2)
    gates.stop_waiting(tenant, GATE, applicant("a").rank, 2)
    assert not gates.line(tenant, GATE, 1)


def test_a_late_stint_does_not_take_the_place_of_a_later_one(gates, tenant):
    gates.wait(tenant, GATE, applicant("a", stint=1))

    gates.wait(tenant, GATE, applicant("a", stint=0))
    assert list(gates.line(tenant, GATE, 9)) == [applicant("a", stint=1)]
    gates.wait(tenant, GATE, applicant("a", stint=2))
    assert list(gates.line(tenant, GATE, 9)) == [applicant("a", stint=2)]


def test_a_late_stint_passes_no_gate_at_which_a_later_one_stands_in_line(gates, tenant):
    gates.limit(tenant, GATE, 1)
    gates.wait(tenant, GATE, applicant("a", stint=1))

    with pytest.raises(ConcurrentUpdateError):
        take(gates, tenant, "a", stint=0, waited=True)

    assert gates.find(tenant, GATE).free == 1
    assert list(gates.line(tenant, GATE, 9)) == [applicant("a", stint=1)]
    assert take(gates, tenant, "a", stint=1, waited=True)
    assert not gates.line(tenant, GATE, 9)


def test_a_late_stint_that_holds_its_slots_leaves_the_later_one_in_line(gates, tenant):
    gates.limit(tenant, GATE, 1)
    take(gates, tenant, "a", stint=0)
    gates.wait(tenant, GATE, applicant("a", stint=1))

    assert take(gates, tenant, "a", stint=0, waited=True)

    assert list(gates.line(tenant, GATE, 9)) == [applicant("a", stint=1)]


def test_tenants_do_not_share_gates(gates, tenant):
    gates.limit(tenant, GATE, 1)

    assert gates.find(f"{tenant}x", GATE) is None


def test_many_engines_at_the_last_slots_take_no_more_than_there_are(tables, gates, tenant):
    if tables.threads == 1:
        pytest.skip("moto keeps its tables in dicts without a lock: threads prove nothing there")
    gates.limit(tenant, GATE, 3)
    taken: list[str] = []

    def race(run: str) -> None:
        if take(gates, tenant, run):
            taken.append(run)

    racers = [threading.Thread(target=race, args=(f"run{n}",)) for n in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert len(taken) == 3
    assert gates.find(tenant, GATE).free == 0
    assert sorted(taken) == [who.request_id for who in gates.holders(tenant, GATE, 9)]


def test_limits_of_a_tenant_are_kept(gates, tenant):
    assert gates.tenant_limits(tenant) == TenantLimits()
    limits = TenantLimits(5, 2, {"ann": 3})

    gates.put_tenant_limits(tenant, limits)

    assert gates.tenant_limits(tenant) == limits
    assert (limits.of_user("ann"), limits.of_user("bob")) == (3, 2)


def test_job_resources_are_kept_by_id_and_forgotten(gates, tenant):
    def resource(name, quota):
        return JobResource(
            id=name,
            resource_type="licence",
            tags=("eu",),
            quota=quota,
            variables={"Server": "ü"},
            created_at=NOW,
            updated_at=NOW,
        )

    for name, quota in (("r2", 1), ("r1", 2), ("r2", 3)):
        gates.put_resource(tenant, resource(name, quota))

    assert list(gates.list_resources(tenant)) == [resource("r1", 2), resource("r2", 3)]
    assert gates.find_resource(tenant, "r2") == resource("r2", 3)
    gates.delete_resource(tenant, "r2")
    gates.delete_resource(tenant, "r2")
    assert gates.find_resource(tenant, "r2") is None
    assert len(gates.list_resources(tenant)) == 1


def test_the_gates_of_a_tenant_are_listed_by_name(gates, tenant):
    for name in ("user:ann", "tenant", "type:a#b"):
        gates.limit(tenant, name, 1)
    gates.limit(f"{tenant}x", "type:other", 1)
    gates.limit(tenant, "tenant", 2)
    take(gates, tenant, "a", Claim("tenant"))

    assert list(gates.names(tenant, "", 9)) == ["tenant", "type:a#b", "user:ann"]
    assert list(gates.names(tenant, "", 2)) == ["tenant", "type:a#b"]
    assert list(gates.names(tenant, "type:a#b", 9)) == ["user:ann"]


def test_all_at_a_gate_are_listed_those_that_hold_slots_first(gates, tenant):
    gates.limit(tenant, GATE, 3)
    take(gates, tenant, "b", Claim(GATE, 2))
    take(gates, tenant, "a")
    gates.wait(tenant, GATE, applicant("c"))

    found = gates.members(tenant, GATE, "", 9)

    assert [(one.applicant, one.amount) for one in found] == [
        (applicant("a"), 1),
        (applicant("b"), 2),
        (applicant("c"), 0),
    ]
    assert gates.members(tenant, GATE, "", 2) == found[:2]
    assert gates.members(tenant, GATE, found[1].place, 9) == found[2:]
    assert gates.members(tenant, "type:other", "", 9) == []


def test_who_stands_in_line_is_found_by_rank(gates, tenant):
    gates.limit(tenant, GATE, 1)
    who = applicant("c", stint=2)
    assert gates.waits(tenant, GATE, who.rank) is None

    gates.wait(tenant, GATE, who)

    assert gates.waits(tenant, GATE, who.rank) == who
    assert gates.waits(tenant, "type:other", who.rank) is None
