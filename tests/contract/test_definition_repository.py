"""Contract of DefinitionRepository."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from formicary.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from formicary.domain.schedule import Schedule
from tests.contract.examples import NOW, a_version

SUMMARY = {"job_type": "encode", "description": "ü", "tasks": ["a", "b"], "ratio": 0.5, "n": None}


def test_a_new_type_is_put_in_force_with_its_first_version(definitions, tenant):
    version = a_version(tenant, "encode", 1)

    record = definitions.save_version(version, SUMMARY, 0)

    assert definitions.find_type(tenant, "encode") == record
    assert (record.version, record.summary, record.disabled) == (1, SUMMARY, False)
    assert record.created_at == record.updated_at == version.created_at
    assert definitions.find_version(tenant, "encode", 1) == version


def test_a_second_version_replaces_the_first_in_force_and_both_stay(definitions, tenant):
    first, second = a_version(tenant, "encode", 1), a_version(tenant, "encode", 2)
    definitions.save_version(first, SUMMARY, 0)

    record = definitions.save_version(second, {"description": "new"}, 1)

    assert definitions.find_type(tenant, "encode") == record
    assert (record.version, record.sha256, record.summary) == (
        2,
        second.sha256,
        {"description": "new"},
    )
    assert (record.created_at, record.updated_at) == (first.created_at, second.created_at)
    assert definitions.find_version(tenant, "encode", 1) == first
    assert definitions.find_version(tenant, "encode", 2) == second


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_version_on_another_base_is_refused_all_of_it(definitions, tenant, expected):
    definitions.save_version(a_version(tenant, "encode", 1), SUMMARY, 0)

    with pytest.raises(ConcurrentUpdateError):
        definitions.save_version(a_version(tenant, "encode", expected + 1), {}, expected)

    assert definitions.find_type(tenant, "encode").version == 1
    if expected:
        assert definitions.find_version(tenant, "encode", expected + 1) is None


def test_of_many_saves_on_one_base_exactly_one_wins(tables, tenant):
    definitions = tables.definitions
    definitions.save_version(a_version(tenant, "encode", 1), SUMMARY, 0)

    def save(number: int) -> bool:
        version = a_version(tenant, "encode", 2, text=f"text {number}")
        try:
            definitions.save_version(version, {"n": number}, 1)
        except ConcurrentUpdateError:
            return False
        return True

    with ThreadPoolExecutor(tables.threads) as pool:
        outcomes = list(pool.map(save, range(4)))

    winner = outcomes.index(True)
    assert outcomes.count(True) == 1
    assert definitions.find_type(tenant, "encode").summary == {"n": winner}
    assert definitions.find_version(tenant, "encode", 2).text == f"text {winner}"


def test_a_forgotten_type_is_gone_from_lists_and_its_versions_stay(definitions, tenant):
    version = a_version(tenant, "encode", 1)
    definitions.save_version(version, SUMMARY, 0)

    definitions.delete_type(tenant, "encode")
    definitions.delete_type(tenant, "encode")
    definitions.delete_type(tenant, "never-was")

    assert definitions.find_type(tenant, "encode") is None
    assert definitions.find_type(tenant, "never-was") is None
    assert definitions.list_types(tenant, offset=0, limit=10).total == 0
    assert definitions.find_version(tenant, "encode", 1) == version


def test_a_type_saved_again_after_it_was_forgotten_goes_on_counting(definitions, tenant):
    old = a_version(tenant, "encode", 1, text="old")
    definitions.save_version(old, SUMMARY, 0)
    definitions.delete_type(tenant, "encode")

    record = definitions.save_version(a_version(tenant, "encode", 1, text="new"), {}, 0)

    assert record.version == 2
    assert definitions.find_type(tenant, "encode") == record
    assert definitions.find_version(tenant, "encode", 1) == old
    assert definitions.find_version(tenant, "encode", 2).text == "new"


def test_types_are_listed_by_name_in_pages_each_tenant_its_own(definitions, tenant):
    for name in ("c", "a", "b", "d#e"):
        version = a_version(tenant, name, 1)
        definitions.save_version(version, {"job_type": name}, 0)
    definitions.save_version(a_version(f"{tenant}x", "z", 1), {}, 0)

    first = definitions.list_types(tenant, offset=0, limit=3)
    rest = definitions.list_types(tenant, offset=0, limit=3, token=first.next_token)

    assert [record.job_type for record in first.records + rest.records] == ["a", "b", "c", "d#e"]
    assert first.records[0] == definitions.find_type(tenant, "a")
    assert (first.total, rest.total, rest.next_token) == (4, 4, None)


@pytest.mark.parametrize("odd", ["a#V#00000001", "a%", "ü", "a" * 1500, "#TYPE"])
def test_odd_names_of_types_reach_nothing_else(definitions, tenant, odd):
    definitions.save_version(a_version(tenant, "a", 1), {}, 0)
    definitions.save_version(a_version(tenant, odd, 1), {"odd": True}, 0)

    assert definitions.find_type(tenant, odd).job_type == odd
    assert definitions.find_type(tenant, "a").summary == {}
    assert definitions.find_version(tenant, odd, 1).job_type == odd


def test_the_text_of_a_version_is_kept_byte_for_byte(definitions, tenant):
    text = "\ufeffjob_type: x\r\n\ttab ü 🐜\n" + "task: {{.Name}}\n" * 20_000
    version = replace(a_version(tenant, "encode", 1), text=text)

    definitions.save_version(version, {}, 0)

    assert definitions.find_version(tenant, "encode", 1).text == text


def test_settings_of_a_type_change_without_a_new_version(definitions, tenant):
    definitions.save_version(a_version(tenant, "encode", 1), SUMMARY, 0)

    changed = definitions.change_type(tenant, "encode", disabled=True, concurrency=4)

    assert (changed.disabled, changed.max_concurrency, changed.version) == (True, 4, 1)
    assert definitions.find_type(tenant, "encode") == changed
    assert definitions.change_type(tenant, "encode", disabled=False).concurrency == 4


def test_a_concurrency_that_was_set_stays_until_a_text_sets_one(definitions, tenant):
    definitions.save_version(a_version(tenant, "encode", 1), SUMMARY, 0)
    definitions.change_type(tenant, "encode", concurrency=4)

    kept = definitions.save_version(a_version(tenant, "encode", 2), SUMMARY, 1)
    stated = {**SUMMARY, "max_concurrency": 2}
    replaced = definitions.save_version(a_version(tenant, "encode", 3), stated, 2)

    assert (kept.max_concurrency, replaced.max_concurrency) == (4, 2)


def test_settings_of_an_unknown_type_are_refused(definitions, tenant):
    with pytest.raises(NotFoundError):
        definitions.change_type(tenant, "encode", disabled=True)


def test_a_schedule_comes_back_as_it_was(definitions, tenant):
    schedule = Schedule(tenant, "encode", 1, 2, "0 9 * * *", "Europe/Berlin", "all", "ann", NOW)

    saved = definitions.save_schedule(schedule)

    assert saved == schedule.evolve(revision=1)
    assert definitions.find_schedule(tenant, "encode") == saved
    ended = definitions.save_schedule(saved.evolve(pending_at=None, expression=""))
    assert definitions.find_schedule(tenant, "encode") == ended
    changed = definitions.save_schedule(ended.evolve(changed_at=NOW, replaced="run"))
    assert definitions.find_schedule(tenant, "encode") == changed


@pytest.mark.parametrize("revision", [0, 2])
def test_a_schedule_that_was_changed_since_is_not_overwritten(definitions, tenant, revision):
    definitions.save_schedule(Schedule(tenant, "encode", 1))

    with pytest.raises(ConcurrentUpdateError):
        definitions.save_schedule(Schedule(tenant, "encode", 5, revision=revision))

    assert definitions.find_schedule(tenant, "encode").serial == 1


def test_settings_changed_at_once_by_many_are_all_kept(tables, tenant):
    if tables.threads == 1:
        pytest.skip("moto keeps its tables in dicts without a lock: threads prove nothing there")
    definitions = tables.definitions
    definitions.save_version(a_version(tenant, "encode", 1), SUMMARY, 0)

    def change(**setting: object) -> None:
        while True:
            try:
                definitions.change_type(tenant, "encode", **setting)
            except ConcurrentUpdateError:
                continue
            return

    for number in range(1, 6):
        with ThreadPoolExecutor(2) as pool:
            done = [
                pool.submit(change, disabled=bool(number % 2)),
                pool.submit(change, concurrency=number),
            ]
        assert [one.result() for one in done] == [None, None]
        record = definitions.find_type(tenant, "encode")
        assert (record.disabled, record.concurrency) == (bool(number % 2), number)


def test_the_name_of_a_plugin_belongs_to_the_tenant_that_published_it_first(definitions, tenant):
    name = f"io.{tenant}.tagger"
    assert definitions.publisher(name) is None

    definitions.publish(tenant, name)
    definitions.publish(tenant, name)

    assert definitions.publisher(name) == tenant
    with pytest.raises(ConflictError, match="another organization"):
        definitions.publish(f"{tenant}-other", name)
