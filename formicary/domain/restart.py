"""The next execution of a run: what is kept, what runs again, and where the walk begins."""

from collections.abc import Collection, Iterator
from datetime import datetime

from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import Fan, JobRun, Phase, execution_id
from formicary.domain.restart_plan import RestartPlan, plan_of, reachable, resumed_forks
from formicary.domain.states import ChildMark, RequestState, TaskMark, TaskMethod
from formicary.domain.turns import WELL


def restarted(
    run: JobRun, graph: JobGraph, now: datetime, *, hard: bool = False, from_task: str = ""
) -> JobRun:
    """Return the run at the beginning of its next execution; what is to begin is marked.

    Completed tasks are kept unless `hard`; what failed or was cancelled runs again with all that
    follows it, and so do completed tasks with `allow_start_if_completed`. Once finalizers may have
    run, every `always_run` task may run again, be it one that `from_task` passes over. A fork task
    of which some of many children did not complete goes on for these, unless it is what `from_task`
    names.
    """
    plan = plan_of(run, graph, hard=hard, from_task=from_task)
    asked = graph.index(from_task) if from_task else -1
    again = set(plan.again)
    if run.phase is Phase.ENDED:
        wanted = frozenset(_wanted(run, graph))
        again.update(graph.index(name) for name in graph.always_run_tasks if name not in wanted)
    number = run.retried + 1
    kept = () if hard else tuple(i for i in resumed_forks(run, graph, plan) if i != asked)
    return _with_resumed_forks(run, again, kept).evolve(
        execution_id=execution_id(run.created_at, run.request_id, number),
        last_execution_id=run.execution_id,
        retried=number,
        state=RequestState.PENDING,
        phase=Phase.WAITING,
        marks=_marks(run, graph, plan, again),
        active={},
        outbox=(),
        context={} if hard else run.context,
        outcome=None,
        failure=None,
        deadline=None,
        exit_code="",
        error_code="",
        error_message="",
        scheduled_at=now,
        started_at=now,
        ended_at=None,
    )


def _with_resumed_forks(run: JobRun, again: set[int], resumed: Collection[int]) -> JobRun:
    """Return a run whose fork tasks at these places go on when they begin, and no others do."""
    stale = [i for i in run.fans if i in again and run.child(i) is ChildMark.NONE]
    fans = {i: fan for i, fan in run.fans.items() if i not in stale}
    forks, children = list(run.forks), list(run.children)
    for index in resumed:
        fans[index] = run.fans[index].going_on()
        forks[index] = chr(ord(forks[index]) + 1)
        children[index] = ChildMark.NONE
    return run.evolve(fans=fans, forks="".join(forks), children="".join(children))


def as_ended(run: JobRun) -> JobRun:
    """Return the execution as it is kept when the next one begins."""
    if run.phase is Phase.ENDED:
        return run
    return run.evolve(state=RequestState.FAILED, phase=Phase.ENDED, ended_at=run.updated_at)


def next_later(run: JobRun, graph: JobGraph) -> str:
    """Return the first task marked LATER that follows no other one."""
    waiting = [graph.name(i) for i, mark in enumerate(run.marks) if mark == TaskMark.LATER]
    for name in waiting:
        index = graph.index(name)
        if not any(index in reachable(graph, [other]) for other in waiting if other != name):
            return name
    return waiting[0]


def repinned(run: JobRun, old: JobGraph, new: JobGraph, version: int) -> JobRun:
    """Return a run that has ended on another version of its job: tasks are matched by name.

    A child is known by the place of its fork task: a fork task that has moved forks again.
    """
    names = [new.name(index) for index in range(new.size)]
    places = [old.index(name) if old.has(name) else -1 for name in names]
    letters = [_kept_letters(run, new, *pair) for pair in enumerate(places)]
    return run.evolve(
        job_version=version,
        marks="".join(mark for mark, _, _ in letters),
        children="".join(child for _, child, _ in letters),
        origins="".join(origin for _, _, origin in letters),
        fans={i: _done(fan) for i, fan in run.fans.items() if i < new.size and places[i] == i},
        forks=(run.forks + "0" * new.size)[: new.size],
    )


def _done(fan: Fan) -> Fan:
    """Return a fan that nobody goes on with: another version may fork for other items."""
    return fan.evolve(listing="")


def _kept_letters(run: JobRun, new: JobGraph, index: int, before: int) -> tuple[str, str, str]:
    if before < 0:
        return TaskMark.NOT_RUN, ChildMark.NONE, "0"
    mark, child = run.marks[before], run.children[before]
    if new.node(new.name(index)).method is TaskMethod.FORK_JOB and index != before:
        child = ChildMark.NONE
        mark = TaskMark.CANCELLED if mark != TaskMark.NOT_RUN else mark
    return mark, child, run.origins[before]


def _wanted(run: JobRun, graph: JobGraph) -> Iterator[str]:
    """Yield the `always_run` tasks that ended well and are no clean-up: what they left is wanted.

    These are where the job begins, or what others wait for.
    """
    starts = frozenset(graph.start_tasks)
    for name in graph.always_run_tasks:
        well = run.marks[graph.index(name)] in WELL
        if well and (name in starts or graph.dependents(name)):
            yield name


def _marks(run: JobRun, graph: JobGraph, plan: RestartPlan, again: set[int]) -> str:
    letters = list(run.marks)
    for index in again:
        called = plan.was_called(index) and letters[index] != TaskMark.NOT_RUN
        letters[index] = _mark_when_called(run, graph, plan, index) if called else TaskMark.NOT_RUN
    for name in plan.first:
        waits = plan.awaits_what_runs_again(graph, graph.node(name))
        letters[graph.index(name)] = TaskMark.JOINING if waits else TaskMark.QUEUED
    for name in plan.later:
        letters[graph.index(name)] = TaskMark.LATER
    return "".join(letters)


def _mark_when_called(run: JobRun, graph: JobGraph, plan: RestartPlan, index: int) -> TaskMark:
    """Return how a task stands that runs again, and that one which is kept has led to.

    It has its turn at the latest when all else has ended, whether or not what runs again leads
    there as well; a join, when all that it depends on has ended well.
    """
    for name in graph.node(graph.name(index)).depends_on:
        place = graph.index(name)
        well = run.marks[place] in WELL or graph.node(name).left_out
        if place in plan.again or not well:
            return TaskMark.JOINING
    return TaskMark.LATER
