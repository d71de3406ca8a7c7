"""What is said of children that did not complete."""

from collections.abc import Sequence

from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import Fan, JobRun


def what_failed(run: JobRun, graph: JobGraph, fork_tasks: Sequence[str]) -> str:
    """Tell which children keep a task that awaits them from completing, "" for none."""
    fans = {name: run.fans.get(graph.index(name)) for name in fork_tasks}
    single = [name for name, fan in fans.items() if fan is None]
    said = [f"the child forked by {', '.join(single)} did not complete"] if single else []
    said += [f"{_of_many(name, fan)}" for name, fan in fans.items() if fan is not None]
    return "; ".join(said)


def _of_many(fork_task: str, fan: Fan) -> str:
    counts = {"failed": fan.failed, "cancelled": fan.cancelled}
    words = " and ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    if not words:
        return f"{fork_task} has forked for {fan.forked:,} of its {fan.total:,} items only"
    some = f": {fan.failures}" if fan.failures else ""
    return f"of {fan.total:,} children forked by {fork_task} {words}{some}"
