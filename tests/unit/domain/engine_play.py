"""Drives `decide` through a small graph, as the engine would, for tests that read like stories."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from formicary.domain.commands import Command, DispatchTask, ForkJob, StartTimer
from formicary.domain.decide import Decision, decide
from formicary.domain.events import (
    CancelRequested,
    ChildFinished,
    ChildForked,
    Event,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    TaskFinished,
    TimerFired,
    TimerKind,
    TriggerRequested,
)
from formicary.domain.job_graph import JobPolicy, StaticGraph, TaskNode
from formicary.domain.job_run import JobRun
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.states import RequestState, TaskMark, TaskMethod

START = datetime(2026, 1, 1, tzinfo=UTC)


def graph_of(*nodes: TaskNode, **policy: Any) -> StaticGraph:
    """Begin at the first node, and at roots that joins name; `always_run` ones that nobody names
    are unrouted."""
    named = {
        target
        for node in nodes
        for target in (*node.exit_routes.values(), *node.on_completed, *node.on_failed)
    }
    nodes = tuple(replace(node, routed=node.task_type in named) for node in nodes)
    always = tuple(node.task_type for node in nodes if node.always_run)
    awaited = {name for node in nodes for name in node.depends_on}
    first = nodes[0].task_type
    roots = (n.task_type for n in nodes if not n.routed and not n.depends_on)
    starts = tuple(name for name in roots if name == first or name in awaited)
    return StaticGraph(
        nodes,
        starts,
        always,
        tuple(name for name in always if name not in named),
        JobPolicy(**policy),
    )


class Play:
    """One run, moved event by event."""

    def __init__(self, graph: StaticGraph) -> None:
        self.graph = graph
        self.now = START
        order = RunOrder(tenant="t", user_id="u", job_type="job", job_version=1, size=graph.size)
        self.run: JobRun = new_run(order, "01RUN", "key", START)
        self.commands: list[Command] = []
        self.last: Decision | None = None

    def take(self, event: Event) -> "Play":
        self.last = decide(self.run, event, self.graph, self.now)
        self.run = self.last.run
        self.commands = list(self.last.commands)
        return self

    def start(self) -> "Play":
        return self.take(JobSubmitted())

    def completes(self, task: str, exit_code: str = "0", **context: str) -> "Play":
        return self._finish(task, RequestState.COMPLETED, exit_code, context)

    def fails(self, task: str, exit_code: str = "1") -> "Play":
        return self._finish(task, RequestState.FAILED, exit_code, {})

    def _finish(
        self, task: str, state: RequestState, code: str, context: Mapping[str, str]
    ) -> "Play":
        attempt = self.run.active[task].attempt
        return self.take(TaskFinished(task, attempt, state, code, context=context))

    def forks(self, task: str) -> "Play":
        child = next(c for c in self.commands if isinstance(c, ForkJob) and c.task_type == task)
        return self.take(ChildForked(task, child.attempt, child.child_request_id))

    def child_ends(self, task: str, state: RequestState) -> "Play":
        child = self.run.child_request_id(self.graph.index(task))
        return self.take(ChildFinished(task, child, state))

    def later(self, seconds: float) -> "Play":
        self.now += timedelta(seconds=seconds)
        return self

    def fires(self, kind: TimerKind | None = None) -> "Play":
        """Let the timer of the last decision come due (the first, or that of a kind)."""
        timers = [c for c in self.commands if isinstance(c, StartTimer)]
        timer = next(t for t in timers if kind is None or t.timer is kind)
        self.now = max(self.now, timer.fire_at)
        return self.take(TimerFired(timer.timer, timer.task_type, timer.attempt, timer.fire_at))

    def cancel(self) -> "Play":
        return self.take(CancelRequested("enough"))

    def restart(self, hard: bool = False, from_task: str = "") -> "Play":
        return self.take(RestartRequested(hard, from_task))

    def pause(self, now: bool = False) -> "Play":
        return self.take(PauseRequested(now, self.run.holds))

    def resume(self) -> "Play":
        return self.take(ResumeRequested(self.run.holds))

    def trigger(self) -> "Play":
        return self.take(TriggerRequested())

    @property
    def state(self) -> RequestState:
        return self.run.state

    @property
    def dispatched(self) -> list[str]:
        return [c.task_type for c in self.commands if isinstance(c, DispatchTask)]

    @property
    def rejected(self) -> str:
        return self.last.rejected if self.last else ""

    def mark(self, task: str) -> TaskMark:
        return self.run.mark(self.graph.index(task))


def node(index: int, name: str, **fields: object) -> TaskNode:
    """A SHELL task unless told otherwise; routes may be given as one name."""
    for key in ("on_completed", "on_failed"):
        value = fields.get(key)
        if isinstance(value, str):
            fields[key] = (value,)
    fields.setdefault("method", TaskMethod.SHELL)
    return TaskNode(index, name, **fields)  # type: ignore[arg-type]
