"""Contract of RunRepository: versions, user keys and lists of runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from formicary.domain.errors import (
    ConcurrentUpdateError,
    InvalidRequestError,
    PayloadTooLargeError,
)
from formicary.domain.job_run import Phase
from formicary.domain.records import IDEMPOTENCY_KEPT, Reservation
from formicary.domain.states import RequestState
from tests.contract.examples import NOW, a_full_run, a_run, noise

ODD_IDS = ["a#b", "a%23b", "..", "a/b", "R#x#RUN", "ü 🐜", "x" * 2000, "T#t#R#r", " ", "%", "{}"]


def test_a_run_that_was_never_stored_is_not_found(runs, tenant):
    assert runs.find(tenant, "nothing") is None


def test_a_created_run_is_found_as_it_was_with_version_1(runs, tenant):
    run = a_full_run(tenant)

    created = runs.create(run)

    assert created == replace(run, version=1)
    assert runs.find(tenant, run.request_id) == created


def test_a_run_with_nothing_but_the_required_fields_comes_back_as_it_was(runs, tenant):
    run = a_run(tenant)

    assert runs.create(run) == runs.find(tenant, "r1") == replace(run, version=1)


def test_creating_the_same_id_again_returns_what_is_stored(runs, tenant):
    created = runs.create(a_run(tenant, description="first"))

    assert runs.create(a_run(tenant, description="second")) == created
    assert runs.find(tenant, "r1") == created


def test_an_idempotency_key_stands_for_one_request_until_it_expires(runs, tenant):
    first = Reservation("r1", "digest", NOW + IDEMPOTENCY_KEPT)
    second = Reservation("r2", "other", NOW + IDEMPOTENCY_KEPT * 2 - timedelta(seconds=1))
    third = Reservation("r3", "other", NOW + IDEMPOTENCY_KEPT * 2)

    assert runs.reserve(tenant, "k#1", first) == first
    assert runs.reserve(tenant, "k#1", second) == first
    assert runs.reserve(tenant, "k2", second) == second
    assert runs.reserve(f"{tenant}x", "k#1", second) == second
    assert runs.reserve(tenant, "k#1", third) == third
    assert runs.reserve(tenant, "k#1", first) == third


def test_a_save_raises_the_version(runs, tenant):
    created = runs.create(a_run(tenant))

    saved = runs.save(replace(created, marks="a.", phase=Phase.WALKING))

    assert saved.version == 2
    assert runs.find(tenant, "r1") == saved
    assert saved.marks == "a."


def test_a_save_on_a_version_that_has_passed_is_refused_and_changes_nothing(runs, tenant):
    created = runs.create(a_run(tenant))
    saved = runs.save(replace(created, marks="C"))

    with pytest.raises(ConcurrentUpdateError):
        runs.save(replace(created, marks="F"))

    assert runs.find(tenant, "r1") == saved


def test_a_run_that_was_never_created_cannot_be_saved(runs, tenant):
    with pytest.raises(ConcurrentUpdateError):
        runs.save(a_run(tenant, version=1))

    assert runs.find(tenant, "r1") is None


def test_of_many_saves_on_one_version_exactly_one_wins(tables, tenant):
    created = tables.runs.create(a_run(tenant))

    def save(number: int) -> int | None:
        try:
            return tables.runs.save(replace(created, exit_code=str(number))).version
        except ConcurrentUpdateError:
            return None

    with ThreadPoolExecutor(tables.threads) as pool:
        outcomes = list(pool.map(save, range(8)))

    assert sorted(filter(None, outcomes)) == [2]
    assert tables.runs.find(tenant, "r1").exit_code == str(outcomes.index(2))


def test_of_many_creates_with_one_user_key_all_return_one_run(tables, tenant):
    runs = tables.runs

    def create(number: int) -> str:
        return runs.create(a_run(tenant, f"r{number}", user_key="k")).request_id

    with ThreadPoolExecutor(tables.threads) as pool:
        ids = set(pool.map(create, range(6)))

    assert len(ids) == 1
    assert [run.request_id for run in runs.list_runs(tenant).records] == list(ids)


def test_an_unfinished_run_keeps_its_user_key(runs, tenant):
    first = runs.create(a_run(tenant, "r1", user_key="k"))

    assert runs.create(a_run(tenant, "r2", user_key="k")) == first
    assert runs.find(tenant, "r2") is None
    assert runs.create(a_run(tenant, "r3", user_key="other")).request_id == "r3"


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
def test_a_run_that_has_ended_frees_its_user_key(runs, tenant, state):
    first = runs.create(a_run(tenant, "r1", user_key="k"))
    runs.save(replace(first, state=RequestState(state), phase=Phase.ENDED))

    assert runs.create(a_run(tenant, "r2", user_key="k")).request_id == "r2"


def test_a_run_that_ended_before_does_not_free_the_key_of_its_successor(runs, tenant):
    first = runs.create(a_run(tenant, "r1", user_key="k"))
    ended = runs.save(replace(first, state=RequestState.COMPLETED))
    second = runs.create(a_run(tenant, "r2", user_key="k"))

    runs.save(ended)

    assert runs.create(a_run(tenant, "r3", user_key="k")) == second


def test_two_tenants_may_use_the_same_ids_and_keys(runs, tenant):
    mine = runs.create(a_run(tenant, user_key="k", description="mine"))
    theirs = runs.create(a_run(f"{tenant}x", user_key="k", description="theirs"))

    runs.save(replace(mine, marks="C"))

    assert runs.find(f"{tenant}x", "r1") == theirs
    assert [run.description for run in runs.list_runs(f"{tenant}x").records] == ["theirs"]


@pytest.mark.parametrize("odd", ODD_IDS)
def test_odd_characters_in_ids_and_keys_reach_nothing_else(runs, tenant, odd):
    plain = runs.create(a_run(tenant, "a", user_key="a"))
    strange = runs.create(a_run(tenant, odd, user_key=odd))

    assert strange.request_id == odd
    assert runs.find(tenant, odd) == strange
    assert runs.find(tenant, "a") == plain
    assert runs.create(a_run(tenant, "other", user_key=odd)) == strange
    assert {run.request_id for run in runs.list_runs(tenant).records} == {odd, "a"}


@pytest.mark.parametrize("odd", ["a#R#x", "#", "%23"])
def test_odd_characters_in_the_name_of_a_tenant_reach_no_other_tenant(runs, tenant, odd):
    runs.create(a_run(f"{tenant}{odd}", "r1"))

    assert runs.find(tenant, "r1") is None
    assert runs.find(tenant, f"{odd}#R#r1") is None
    assert runs.list_runs(tenant).records == ()
    assert runs.list_runs(f"{tenant}{odd}").total == 1


def test_a_run_with_a_thousand_tasks_comes_back_as_it_was(runs, tenant):
    marks = "CSFAX" * 100 + "a" * 3 + "." * 497
    run = a_run(tenant, marks=marks, children="." * 1000, forks="0" * 998 + "12")

    assert runs.create(run) == runs.find(tenant, "r1") == replace(run, version=1)


def test_an_archived_execution_is_in_no_list_and_leaves_the_run_alone(runs, tenant):
    run = runs.create(a_run(tenant))

    runs.archive_execution(replace(run, state=RequestState.FAILED))

    assert runs.find(tenant, "r1") == run
    assert runs.list_runs(tenant).total == 1


def test_lists_show_the_newest_first_and_only_what_lists_need(runs, tenant):
    runs.create(a_full_run(tenant, "r1"))
    runs.create(a_run(tenant, "r2"))

    second, first = runs.list_runs(tenant).records

    full = a_full_run(tenant, "r1")
    assert (first.request_id, second.request_id) == ("r1", "r2")
    same = ("execution_id", "job_type", "job_version", "state", "user_id", "user_key", "retried",
            "platform", "job_group", "job_priority", "error_code", "last_execution_id",
            "created_at", "scheduled_at", "started_at", "ended_at")  # fmt: skip
    assert all(getattr(first, name) == getattr(full, name) for name in same)
    assert first.parent is not None
    assert (first.parent.request_id, first.parent.proof) == ("p1", "")
    assert first.description == "d" * 256
    assert (first.key, first.marks, first.params, first.version) == ("", "", {}, 0)
    assert second.updated_at == NOW


def test_lists_filter_by_type_and_states(runs, tenant):
    runs.create(a_run(tenant, "r1", job_type="a"))
    runs.create(a_run(tenant, "r2", job_type="b"))
    runs.create(a_run(tenant, "r3", job_type="a", state=RequestState.FAILED))
    runs.create(a_run(tenant, "r4", job_type="a", state=RequestState.EXECUTING))

    def ids(**filters) -> list[str]:
        page = runs.list_runs(tenant, **filters)
        assert page.total == len(page.records)
        return [run.request_id for run in page.records]

    assert ids(job_type="a") == ["r4", "r3", "r1"]
    assert ids(states=["PENDING"]) == ["r2", "r1"]
    assert ids(states=iter(["FAILED", "EXECUTING"])) == ["r4", "r3"]
    assert ids(job_type="a", states=["PENDING", "FAILED"]) == ["r3", "r1"]
    assert ids(job_type="none") == []


@pytest.mark.parametrize("job_type", [None, "even"])
def test_pages_by_offset_and_by_token_cover_the_list_once(runs, tenant, job_type):
    for number in range(23):
        runs.create(a_run(tenant, f"r{number:02}", job_type="odd" if number % 2 else "even"))
    everything = runs.list_runs(tenant, job_type=job_type, limit=100)
    expected = [run.request_id for run in everything.records]

    by_offset, by_token, token = [], [], None
    for offset in range(0, len(expected), 5):
        page = runs.list_runs(tenant, job_type=job_type, offset=offset, limit=5)
        by_offset += [run.request_id for run in page.records]
        assert page.total == len(expected)
    while True:
        page = runs.list_runs(tenant, job_type=job_type, limit=5, token=token)
        by_token += [run.request_id for run in page.records]
        assert page.total == len(expected)
        token = page.next_token
        if token is None:
            break

    assert by_offset == by_token == expected == sorted(expected, reverse=True)
    assert len(expected) == (12 if job_type else 23)
    assert everything.next_token is None


def test_an_offset_behind_the_end_gives_an_empty_page_with_the_total(runs, tenant):
    runs.create(a_run(tenant))

    page = runs.list_runs(tenant, offset=5, limit=5)

    assert (page.records, page.total, page.next_token) == ((), 1, None)


def test_a_token_is_good_for_its_own_list_only(runs, tenant):
    for name in ("r1", "r2"):
        runs.create(a_run(tenant, name))
        runs.create(a_run(f"{tenant}x", name))
    token = runs.list_runs(tenant, limit=1).next_token

    for owner, job_type, given in (
        (f"{tenant}x", None, token),
        (tenant, "encode", token),
        (tenant, None, "made-up"),
        (tenant, None, "bnVsbA"),
        (tenant, None, "ü"),
    ):
        with pytest.raises(InvalidRequestError):
            runs.list_runs(owner, job_type=job_type, token=given)


def test_a_run_that_has_grown_too_large_is_refused_and_keeps_its_state(dynamodb_tables, tenant):
    runs = dynamodb_tables.runs
    created = runs.create(a_run(tenant))
    too_much = {str(n): value for n, value in enumerate(noise(80_000))}

    with pytest.raises(PayloadTooLargeError, match="KB"):
        runs.save(replace(created, context=too_much))

    assert runs.find(tenant, "r1") == created


def test_a_key_that_a_crash_left_behind_goes_to_the_next_run(dynamodb_tables, tenant):
    runs = dynamodb_tables.runs
    first = runs.create(a_run(tenant, "r1", user_key="k"))
    # Saved without its key, the head ends and the key's item stays, as after a crash in between.
    runs.save(replace(first, state=RequestState.FAILED, user_key=""))

    assert runs.create(a_run(tenant, "r2", user_key="k")).request_id == "r2"
    assert runs.create(a_run(tenant, "r3", user_key="k")).request_id == "r2"


def test_a_commit_in_the_middle_of_a_job_does_not_touch_the_index(dynamodb_tables, tenant):
    runs, client = dynamodb_tables.runs, dynamodb_tables.clients.dynamodb
    created = runs.create(a_run(tenant, state=RequestState.EXECUTING, phase=Phase.WALKING))

    def indexed() -> dict:
        condition = "gsi1pk = :pk"
        values = {":pk": {"S": f"T#{tenant}#RUNS"}}
        answer = client.query(
            TableName="formicary-contract",
            IndexName="gsi1",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
        return answer["Items"][0]

    before = indexed()
    runs.save(replace(created, marks="Ca", context={"a": "b"}, updated_at=NOW))

    assert indexed() == before
