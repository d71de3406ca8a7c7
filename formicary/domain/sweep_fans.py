"""The sweep at many children: whose end was not counted, as far as the tallies tell."""

from collections.abc import Iterator, Mapping

from formicary.domain.fork_items import PAGE, page_count, page_size
from formicary.domain.job_run import ActivityState, JobRun
from formicary.domain.states import ChildMark
from formicary.domain.tally import Tally, page_tally, whole_tally


def awaits_children(run: JobRun) -> bool:
    """Whether a run waits for the end of any children."""
    return any(task.state is ActivityState.AWAITING for task in run.active.values())


def awaited_fans(run: JobRun) -> list[int]:
    """Return the places of the fork tasks whose many children a run waits for."""
    if not awaits_children(run):
        return []
    return [index for index in run.fans if run.child(index) is ChildMark.RUNNING]


def uncounted_items(run: JobRun, index: int, tallies: Mapping[str, Tally]) -> Iterator[int]:
    """Yield the items whose children would move the count, if they have ended.

    Of a page that is complete any child does, as long as all pages do not know of it.
    """
    fan, fork = run.fans[index], run.forks[index]
    whole = tallies.get(whole_tally(index, fork), Tally())
    if len(whole.marks) == page_count(fan.total):
        yield 0
        return
    for page in range(page_count(fan.forked)):
        places = tallies.get(page_tally(index, fork, page), Tally()).marks
        if len(places) < page_size(fan.total, page):
            there = range(page_size(fan.forked, page))
            yield from (page * PAGE + place for place in there if place not in places)
        elif page not in whole.marks:
            yield page * PAGE
