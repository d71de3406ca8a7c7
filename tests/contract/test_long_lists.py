"""Lists that are too long to read or count in one request."""

from __future__ import annotations

from formicary.adapters.aws.dynamodb_lists import MAX_READ, ListQuery, list_page
from formicary.adapters.aws.dynamodb_table import Answer
from formicary.adapters.paging import MAX_TOTAL

PAGE = 2_000


class EndlessTable:
    """A partition without end, read 2,000 items a query; `every` tells which of them match."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.read = 0

    def query(self, condition, *, start=None, Select="ALL", Limit=PAGE, **options):  # noqa: N803
        after = (start or {}).get("gsi1sk") or (
            condition.values.get(":after") and {"S": condition.values[":after"]}
        )
        first = int(after["S"]) + 1 if after else 0
        numbers = range(first, first + min(Limit, PAGE))
        self.read += len(numbers)
        found = [n for n in numbers if self.every and n % self.every == 0]
        items = [{"gsi1sk": f"{n:09}", "summary": {"n": n}} for n in found]
        last = {"gsi1sk": {"S": f"{numbers[-1]:09}"}}
        return Answer([] if Select == "COUNT" else items, len(found), len(numbers), last)


def page_of(table, token=None, limit=3):
    query = ListQuery(
        partition="p",
        scope="s",
        descending=False,
        decode=lambda summary: summary["n"],
        matches={"job_type": ("x",)},
    )
    return list_page(table, query, offset=0, limit=limit, token=token)


def test_the_total_of_a_long_list_is_counted_up_to_its_bound():
    table = EndlessTable(every=1)

    page = page_of(table)

    assert (page.records, page.total) == ((0, 1, 2), MAX_TOTAL)
    assert page_of(table, page.next_token).records == (3, 4, 5)
    assert table.read <= MAX_TOTAL + 2 * PAGE


def test_a_list_in_which_nothing_matches_ends_its_request_and_can_go_on():
    table = EndlessTable(every=0)

    page = page_of(table)

    assert (page.records, page.total) == ((), 0)
    assert table.read == MAX_READ
    assert page.next_token is not None


def test_rare_matches_are_all_found_by_going_on():
    table = EndlessTable(every=70_000)

    first = page_of(table)
    second = page_of(table, first.next_token)

    assert first.records == (0, 70_000)
    assert second.records == (140_000,)
