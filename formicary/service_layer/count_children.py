"""Counting the ends of the many children of a fork task, without a change of the run for each.

Each count is one conditional write of a small item: of the child's page, and of all pages when its
page is complete. An end that is told again finds its place taken and goes the same way, so a
function that dies between two writes is made good by whoever comes next.
"""

from dataclasses import dataclass

from formicary.domain.events import ChildFinished, ChildrenFinished
from formicary.domain.fork_items import PAGE, page_count, page_size
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import Fan, JobRun
from formicary.domain.tally import (
    COUNT_OF_STATE,
    ChildCounts,
    Tally,
    page_tally,
    tally_prefix,
    whole_tally,
)
from formicary.ports import RunRepository

_NAMED = 3
_TEXT = 60


@dataclass(frozen=True, slots=True)
class ChildCounter:
    """Counts ends of children beside the run."""

    runs: RunRepository

    def count(self, run: JobRun, graph: JobGraph, event: ChildFinished) -> ChildrenFinished | bool:
        """Count the end of a child; tell when it was the last, else whether it belongs here."""
        if not graph.has(event.task_type):
            return False
        index = graph.index(event.task_type)
        fan, fork = run.fans.get(index), run.forks[index]
        if fan is None or not event.item < fan.total:
            return False
        if run.item_request_id(index, fork, event.item) != event.child_request_id:
            return False  # forked by an earlier execution
        page, place = divmod(event.item, PAGE)
        name = page_tally(index, fork, page)
        ended = COUNT_OF_STATE[event.state]
        here = self.runs.count_once(run.tenant, run.request_id, name, place, ended)
        if len(here.marks) < page_size(fan.total, page):
            return True
        name = whole_tally(index, fork)
        whole = self.runs.count_once(run.tenant, run.request_id, name, page, here.counts)
        if len(whole.marks) < page_count(fan.total):
            return True
        counts = whole.counts
        return ChildrenFinished(
            event.task_type,
            fork,
            counts.completed,
            counts.failed,
            counts.cancelled,
            self._failures(run, index, whole) if whole.worse_than_completed() else "",
        )

    def _failures(self, run: JobRun, index: int, whole: Tally) -> str:
        """Tell of the first few children that did not complete."""
        fork = run.forks[index]
        items: list[int] = []
        for page in whole.worse_than_completed():
            if len(items) >= _NAMED:
                break
            name = page_tally(index, fork, page)
            found = self.runs.tallies(run.tenant, run.request_id, name).get(name, Tally())
            items += [page * PAGE + place for place in found.worse_than_completed()]
        return "; ".join(self._told(run, index, item) for item in items[:_NAMED])

    def _told(self, run: JobRun, index: int, item: int) -> str:
        child_id = run.item_request_id(index, run.forks[index], item)
        child = self.runs.find(run.tenant, child_id)
        why = ""
        if child is not None:
            why = f" {child.error_code or child.state} {child.error_message[:_TEXT]}".rstrip()
        return f"item {item} (job {child_id}){why}"


def with_counted_children(runs: RunRepository, run: JobRun) -> JobRun:
    """Return a run whose fans tell how many children have ended so far, for those who watch."""
    fans = {index: _counted(runs, run, index, fan) for index, fan in run.fans.items()}
    return run.evolve(fans=fans)


def _counted(runs: RunRepository, run: JobRun, index: int, fan: Fan) -> Fan:
    if fan.completed + fan.failed + fan.cancelled >= fan.total:
        return fan
    fork = run.forks[index]
    counts = ChildCounts()
    for name, tally in runs.tallies(run.tenant, run.request_id, tally_prefix(index, fork)).items():
        if name != whole_tally(index, fork):
            counts = counts.plus(tally.counts)
    return fan.evolve(completed=counts.completed, failed=counts.failed, cancelled=counts.cancelled)
