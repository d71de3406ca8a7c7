"""Whose turn it is: routes, joins, places on ants, and handing attempts out."""

from collections.abc import Iterable

from formicary.domain.commands import DispatchTask, ForkItems, ForkJob
from formicary.domain.events import TimerKind
from formicary.domain.job_graph import TaskNode
from formicary.domain.job_run import ActiveTask, ActivityState, Phase
from formicary.domain.run_draft import RunDraft
from formicary.domain.states import TaskMark, TaskMethod

WELL = frozenset({TaskMark.COMPLETED, TaskMark.SKIPPED, TaskMark.ALLOWED})
_UNTOUCHED = frozenset({TaskMark.NOT_RUN, TaskMark.LATER})
SOCKET_LEASE_SECONDS = 60.0
_ON_ANT = frozenset({ActivityState.DISPATCHED, ActivityState.EXECUTING})


class Turns(RunDraft):
    """The rules by which tasks come to their turn."""

    def call(self, task_types: Iterable[str]) -> None:
        """Take tasks that a route leads to, those that this execution has not begun."""
        for task_type in task_types:
            index = self.graph.index(task_type)
            if self.run.marks[index] in _UNTOUCHED:
                node = self.graph.node(task_type)
                if node.depends_on and not self.is_joined(node):
                    self.set_mark(index, TaskMark.JOINING)
                else:
                    self._take_turn(node)

    def release_joins(self, ended: TaskNode) -> None:
        """Start what waited for a task that ended well, and for nothing else any more."""
        for name in self.graph.dependents(ended.task_type):
            join = self.graph.node(name)
            mark = self.run.marks[join.index]
            called = mark == TaskMark.JOINING or (mark in _UNTOUCHED and not join.routed)
            if called and self.is_joined(join, ended.task_type):
                self._take_turn(join)

    def is_joined(self, node: TaskNode, ended: str = "") -> bool:
        """Whether all that a task depends on ended well (or is left out of this run)."""
        names = node.depends_on
        if ended in names:
            # Those after the one that has just ended are the likeliest to be missing.
            place = names.index(ended)
            names = (*names[place:], *names[:place])
        return all(map(self._ended_well, names))

    def _ended_well(self, task_type: str) -> bool:
        mark = self.run.marks[self.graph.index(task_type)]
        return mark in WELL or (mark in _UNTOUCHED and self.graph.node(task_type).left_out)

    def _take_turn(self, node: TaskNode) -> None:
        if self.run.hold or not self._has_place(node):
            self.set_mark(node.index, TaskMark.QUEUED)
        else:
            self.begin_task(node)

    def take_places(self) -> bool:
        """Begin queued tasks, in declaration order, as far as places are free; not in a pause."""
        index = self.run.marks.find(TaskMark.QUEUED)
        if index < 0 or self.run.hold or self.run.phase is not Phase.WALKING:
            return False
        begun = False
        while index >= 0:
            node = self.graph.node(self.graph.name(index))
            if self._has_place(node):
                self.begin_task(node)
                begun = True
            index = self._next_queued(index, crowded=not self._has_place(node))
        return begun

    def _next_queued(self, index: int, *, crowded: bool) -> int:
        """Return the place of the next queued task; none when all that follow need a place, too."""
        following = self.run.marks.find(TaskMark.QUEUED, index + 1)
        return -1 if crowded and not self.resumed else following

    def _has_place(self, node: TaskNode) -> bool:
        limit = self.graph.policy.max_parallel
        if not limit or not node.method.needs_ant:
            return True
        nodes = map(self.graph.node, self.active)
        return sum(node.method.needs_ant for node in nodes) < limit

    def begin_task(self, node: TaskNode) -> None:
        """Begin a task with its first attempt."""
        self.set_mark(node.index, TaskMark.ACTIVE)
        if node.method is TaskMethod.FORK_JOB:
            self.count_fork(node.index)
        self.dispatch(ActiveTask(node.task_type, 1, ActivityState.DISPATCHED, self.now), node)

    def dispatch(self, task: ActiveTask, node: TaskNode) -> None:
        """Hand an attempt to whoever carries out its method; not while the run is paused."""
        if self.run.hold:
            self.active[task.task_type] = task.evolve(state=ActivityState.HELD)
            return
        if task.attempt > 1 or task.activated_at != self.now:
            task = task.evolve(
                message_attempt=task.attempt,
                ant_id="",
                ant_host="",
                started_at=None,
                delivery=0,
                dispatched_at=self.now,
            )
        if node.method is TaskMethod.AWAIT_FORKED_JOB:
            task = task.evolve(state=ActivityState.AWAITING, started_at=self.now)
            self.active[task.task_type] = task
            self.unsettled.append(task.task_type)
            return
        if task.state is not ActivityState.DISPATCHED:
            task = task.evolve(state=ActivityState.DISPATCHED)
        self.active[task.task_type] = task
        self.send_out(task, node)
        if node.method is TaskMethod.FORK_JOB:
            return
        if node.method is TaskMethod.WEBSOCKET:
            self.start_timer(TimerKind.SOCKET_LEASE, SOCKET_LEASE_SECONDS, task)
        limit = self.graph.policy.max_wait_seconds
        if limit is not None and node.method.needs_ant:
            self.start_timer(TimerKind.ANT_WAIT, limit, task)

    def send_out(self, task: ActiveTask, node: TaskNode, *, again: bool = False) -> None:
        """Have an attempt carried out by whoever does its method."""
        if node.method is TaskMethod.FORK_JOB:
            self.commands.append(self._fork(task, node.index))
        else:
            self.commands.append(DispatchTask(task.task_type, task.attempt, again))

    def _fork(self, task: ActiveTask, index: int) -> ForkJob | ForkItems:
        """Return what forks; with items that are known, it goes on where it stopped."""
        if index in self.run.fans:
            return self.next_batch(task, index)
        return ForkJob(task.task_type, task.attempt, self.run.child_request_id(index))

    def next_batch(self, task: ActiveTask, index: int) -> ForkItems:
        """Return what forks for the items that have no child yet."""
        fork, begin = self.run.forks[index], self.run.fans[index].forked
        return ForkItems(task.task_type, task.attempt, index, fork, begin)

    def is_on_ant(self, task: ActiveTask) -> bool:
        """Whether an ant has the current attempt, or may have it."""
        return task.state in _ON_ANT and self.graph.node(task.task_type).method.needs_ant
