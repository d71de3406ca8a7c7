"""How many children of a fork task have ended, counted once each, beside the run.

A tally has at most a hundred places. Those of the first level stand for children, a page of them;
the second level has one tally, whose places stand for those pages. So ten thousand ends are counted
with one small write each, and the run is told once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from formicary.domain.fork_items import PAGE, page_count, page_size
from formicary.domain.states import ChildMark, RequestState

WHOLE = "all"


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """How many children ended in which state."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def mark(self) -> ChildMark:
        """The worst of these states."""
        if self.failed:
            return ChildMark.FAILED
        return ChildMark.CANCELLED if self.cancelled else ChildMark.COMPLETED

    def plus(self, other: "ChildCounts") -> "ChildCounts":
        """Return the sums."""
        return ChildCounts(
            self.completed + other.completed,
            self.failed + other.failed,
            self.cancelled + other.cancelled,
        )


COUNT_OF_STATE: Mapping[RequestState, ChildCounts] = {
    RequestState.COMPLETED: ChildCounts(completed=1),
    RequestState.FAILED: ChildCounts(failed=1),
    RequestState.CANCELLED: ChildCounts(cancelled=1),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """The worst state of each place that has been counted, and the sums."""

    marks: Mapping[int, ChildMark] = field(default_factory=dict)
    counts: ChildCounts = ChildCounts()

    def with_place(self, place: int, counts: ChildCounts) -> "Tally":
        """Return the tally with the counts of a place; the same when it has some."""
        if place in self.marks:
            return self
        return Tally({**self.marks, place: counts.mark}, self.counts.plus(counts))

    def worse_than_completed(self) -> list[int]:
        """Return the places where something did not complete, those that failed first."""
        bad = [p for p, mark in self.marks.items() if mark is not ChildMark.COMPLETED]
        return sorted(bad, key=lambda place: (self.marks[place] is not ChildMark.FAILED, place))


def tally_prefix(index: int, fork: str) -> str:
    """Return what the names of the tallies of one fork task begin with."""
    return f"{index:04d}:{fork}:"


def page_tally(index: int, fork: str, page: int) -> str:
    """Name the tally of a page of children."""
    return f"{tally_prefix(index, fork)}{page:03d}"


def whole_tally(index: int, fork: str) -> str:
    """Name the tally of all pages."""
    return f"{tally_prefix(index, fork)}{WHOLE}"


def untold_items(index: int, fork: str, total: int, tallies: Mapping[str, Tally]) -> Iterator[int]:
    """Yield the items whose children have to tell of their ends, once more if they did.

    Those that are counted nowhere; and one of a page that is counted, but not among the pages, or
    of all when it is only the run that has not heard of them: what is told again goes the same way.
    """
    pages = tallies.get(whole_tally(index, fork), Tally()).marks
    all_counted = len(pages) == page_count(total)
    for page in range(page_count(total)):
        counted = tallies.get(page_tally(index, fork, page), Tally()).marks
        missing = [place for place in range(page_size(total, page)) if place not in counted]
        if not missing and (page not in pages or (all_counted and page == 0)):
            missing = [0]
        yield from (page * PAGE + place for place in missing)
