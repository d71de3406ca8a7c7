"""The child that stands for an item of a fork task."""

from formicary.domain.job_run import JobRun
from formicary.domain.states import RequestState
from formicary.ports import RunRepository


def child_of_item(runs: RunRepository, run: JobRun, index: int, item: int) -> JobRun | None:
    """Return the child that was forked last for an item; None when there is none.

    A fork that goes on after a restart has none for the items whose children had completed: these
    stand for them still.
    """
    newest = ord(run.forks[index])
    for back in range(run.fans[index].resumed + 1):
        child_id = run.item_request_id(index, chr(newest - back), item)
        child = runs.find(run.tenant, child_id)
        if child is not None and (not back or child.state is RequestState.COMPLETED):
            return child
    return None
