"""Contract of ToldEnds."""

from datetime import timedelta

import pytest

from formicary.domain.lifecycle_event import RunEnd
from tests.contract.backends import TABLE


@pytest.fixture
def told(tables):
    return tables.told_ends


def ends(tenant, count, execution="e0"):
    return [RunEnd(tenant, f"run{number:03d}", execution) for number in range(count)]


def test_an_end_is_untold_until_it_is_noted(told, tenant):
    first, second, third = ends(tenant, 3)
    assert list(told.untold(tenant, [first, second, third])) == [first, second, third]

    told.note([third, first])

    assert list(told.untold(tenant, [first, second, third])) == [second]
    assert list(told.untold(tenant, [first, third])) == []


def test_noting_twice_at_once_or_again_changes_nothing(told, tenant):
    (end,) = ends(tenant, 1)

    told.note([end, end])
    told.note([end])

    assert list(told.untold(tenant, [end])) == []


def test_nothing_is_noted_and_nothing_asked_for(told, tenant):
    told.note([])

    assert list(told.untold(tenant, [])) == []


def test_each_execution_of_a_run_has_an_end_of_its_own(told, tenant):
    (first,) = ends(tenant, 1, "e0")
    (again,) = ends(tenant, 1, "e1")

    told.note([first])

    assert list(told.untold(tenant, [first, again])) == [again]


def test_ends_of_several_tenants_are_noted_at_once_and_known_to_each_alone(told, tenant):
    (ours,), (theirs,) = ends(tenant, 1), ends(f"{tenant}x", 1)

    told.note([theirs])

    assert list(told.untold(tenant, [ours])) == [ours]
    assert list(told.untold(f"{tenant}x", [theirs])) == []
    assert list(told.untold(tenant, [theirs])) == []


def test_more_are_noted_than_one_call_takes(told, tenant):
    many = ends(tenant, 60)

    told.note(many[:30] + many[31:])

    assert list(told.untold(tenant, many)) == [many[30]]


def test_ids_of_any_letters_are_told_apart(told, tenant):
    strange = [RunEnd(tenant, name, "e") for name in ("a#b", "a%23b", "ü" * 200, "ü" * 201)]

    told.note(strange[1:3])

    assert list(told.untold(tenant, strange)) == [strange[0], strange[3]]


def test_a_note_goes_after_a_week_by_itself(dynamodb_tables, tenant):
    dynamodb_tables.told_ends.note(ends(tenant, 1))

    (item,) = dynamodb_tables.clients.dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"T#{tenant}#ENDS"}},
    )["Items"]
    week = dynamodb_tables.clock.now() + timedelta(days=7)
    assert item["ttl"] == {"N": str(int(week.timestamp()))}
