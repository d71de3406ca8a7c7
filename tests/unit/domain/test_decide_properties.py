"""Whatever the graph and whatever arrives: `decide` never raises, and every run ends, once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from formicary.domain.commands import (
    CancelChild,
    Command,
    DispatchTask,
    ForkJob,
    NotifyParent,
    StartTimer,
)
from formicary.domain.decide import decide
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
    TaskLost,
    TaskRedelivered,
    TimerFired,
    TriggerRequested,
)
from formicary.domain.job_graph import StaticGraph, TaskNode
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.states import RequestState, TaskMark, TaskMethod
from formicary.domain.turns import WELL
from tests.unit.domain.engine_play import Play, graph_of

CODES = ("0", "1", "2")
TARGETS = (
    "COMPLETED",
    "FAILED",
    "FATAL",
    "ERR_OWN",
    "EXECUTING",
    "RESTART_TASK",
    "RESTART_JOB",
    "PAUSE_JOB",
)


@st.composite
def graphs(draw: st.DrawFn) -> StaticGraph:
    """Up to eight tasks; routes and dependencies lead to later tasks only: there is no cycle."""
    size = draw(st.integers(1, 8))
    nodes = []
    for index in range(size):
        later = [f"t{n}" for n in range(index + 1, size)]
        some = st.lists(st.sampled_from(later), max_size=2, unique=True) if later else st.just([])
        before = [f"t{n}" for n in range(index)]
        earlier = st.lists(st.sampled_from(before), max_size=2, unique=True) if before else some
        codes = st.dictionaries(
            st.sampled_from(CODES), st.sampled_from([*later, *TARGETS]), max_size=2
        )
        forks = tuple(n.task_type for n in nodes if n.method is TaskMethod.FORK_JOB)
        methods = [TaskMethod.SHELL, TaskMethod.FORK_JOB]
        method = draw(
            st.sampled_from([*methods, TaskMethod.AWAIT_FORKED_JOB] if forks else methods)
        )
        nodes.append(
            TaskNode(
                index,
                f"t{index}",
                method,
                exit_routes=draw(codes),
                on_completed=tuple(draw(some)),
                on_failed=tuple(draw(some)),
                allow_failure=draw(st.booleans()),
                always_run=draw(st.booleans()),
                retry=draw(st.integers(0, 2)),
                delay_seconds=draw(st.sampled_from([0, 5])),
                timeout_seconds=draw(st.sampled_from([None, 30])),
                allow_start_if_completed=draw(st.sampled_from([False, False, True])),
                depends_on=tuple(draw(earlier)) if index else (),
                await_forked_tasks=forks if method is TaskMethod.AWAIT_FORKED_JOB else (),
            )
        )
    return graph_of(
        *nodes,
        max_parallel=draw(st.integers(0, 3)),
        retry=draw(st.integers(0, 2)),
        hard_reset_after_retries=draw(st.integers(0, 2)),
        max_restarts=3,
        delay_seconds=draw(st.sampled_from([0, 5])),
        timeout_seconds=draw(st.sampled_from([None, 200])),
        max_wait_seconds=draw(st.sampled_from([None, 50])),
    )


class World:
    """Keeps what commands asked for, and lets any of it happen in any order, twice or late."""

    def __init__(self, graph: StaticGraph, draw: st.DataObject) -> None:
        self.play = Play(graph)
        self.draw = draw
        self.possible: list[Event] = [JobSubmitted()]
        self.sent: list[Event] = []
        self.completed: list[tuple[str, str, int]] = []

    def step(self, kind: bool = False) -> None:
        event = self._next(kind)
        before = self.play.run
        self.play.later(1)
        self.play.take(event)
        self.sent.append(event)
        self._check(before, event)
        for command in self.play.commands:
            self._note(command)

    def _next(self, kind: bool) -> Event:
        if kind or not self.sent:
            return self.possible.pop(0)
        run = self.play.run
        wild = [
            CancelRequested("why not"),
            RestartRequested(False),
            RestartRequested(False, self.play.graph.name(0)),
            PauseRequested(now=True, after=run.holds),
            PauseRequested(now=False, after=run.holds),
            ResumeRequested(run.holds),
            TriggerRequested(),
            *self.sent[-5:],
        ]
        redelivered = [
            TaskRedelivered(task.task_type, task.message_attempt, "ant-2")
            for task in self.play.run.active.values()
        ]
        lost = [TaskLost(task.task_type, task.attempt) for task in run.active.values()]
        event = self.draw.draw(st.sampled_from([*self.possible, *redelivered, *lost, *wild]))
        if event in self.possible:
            self.possible.remove(event)
        return event

    def _note(self, command: Command) -> None:
        if isinstance(command, DispatchTask):
            self.possible.append(self._outcome(command.task_type, command.attempt))
        elif isinstance(command, ForkJob):
            child = command.child_request_id
            self.possible.append(ChildForked(command.task_type, command.attempt, child))
            self.possible.append(ChildFinished(command.task_type, child, self._state()))
        elif isinstance(command, StartTimer):
            self.possible.append(
                TimerFired(command.timer, command.task_type, command.attempt, command.fire_at)
            )
        else:
            assert isinstance(command, CancelChild | NotifyParent) or command.attempt

    def _outcome(self, task_type: str, attempt: int) -> TaskFinished:
        code = self.draw.draw(st.sampled_from(CODES))
        state = RequestState.COMPLETED if code == "0" else RequestState.FAILED
        return TaskFinished(task_type, attempt, state, code)

    def _state(self) -> RequestState:
        return self.draw.draw(st.sampled_from([RequestState.COMPLETED, RequestState.FAILED]))

    def _check(self, before: JobRun, event: Event) -> None:
        run = self.play.run
        if self.play.rejected:
            assert run is before
        if before.state.terminal and not isinstance(event, RestartRequested):
            # How its children stand is noted even then: a restart has to know.
            noted = {name: getattr(run, name) for name in ("children", "updated_at", "outbox")}
            assert run == before.evolve(**noted)
        self._check_turns(before)
        assert len(run.marks) == self.play.graph.size
        for index, letter in enumerate(run.marks):
            is_active = self.play.graph.name(index) in run.active
            assert is_active == (letter == TaskMark.ACTIVE)
        assert run.state.terminal == (run.phase is Phase.ENDED)
        if run.phase is Phase.ENDED:
            assert not run.active

    def _check_turns(self, before: JobRun) -> None:
        """No task begins before its turn, during a pause, or beyond `max_parallel`."""
        run, graph = self.play.run, self.play.graph
        new = [
            graph.node(name)
            for name, task in run.active.items()
            if task.attempt == 1 and name not in before.active
        ]
        for node in new:
            well = {graph.name(i) for i, mark in enumerate(run.marks) if mark in WELL}
            walked = run.phase is Phase.WALKING and run.execution_id == before.execution_id
            if walked and before.mark(node.index) in (TaskMark.NOT_RUN, TaskMark.JOINING):
                assert set(node.depends_on) <= well
        assert not (new and run.hold and before.hold)
        on_ants = [name for name in run.active if graph.node(name).method.needs_ant]
        assert len(on_ants) <= (graph.policy.max_parallel or len(run.marks))

    def finish(self) -> None:
        """Be kind: whatever is asked for happens, and ants come back."""
        for _ in range(400):
            if self.play.run.phase is Phase.ENDED:
                return
            self._help()
            if not self.possible and self.play.run.hold:
                self.possible.append(ResumeRequested(self.play.run.holds))
            self.step(kind=True)
        raise AssertionError(f"never ends: {self.play.run}")

    def _help(self) -> None:
        active = self.play.run.active.values()
        known = {(e.task_type, e.attempt) for e in self.possible if isinstance(e, TaskFinished)}
        for task in active:
            node = self.play.graph.node(task.task_type)
            if node.method is TaskMethod.SHELL and (task.task_type, task.attempt) not in known:
                done = TaskFinished(task.task_type, task.attempt, RequestState.COMPLETED, "9")
                self.possible.append(done)


@settings(max_examples=150, deadline=None)
@given(graphs(), st.data())
def test_every_run_ends_whatever_arrives_in_whatever_order(
    graph: StaticGraph, data: st.DataObject
) -> None:
    world = World(graph, data)
    world.step(kind=True)
    for _ in range(data.draw(st.integers(0, 25))):
        if world.possible:
            world.step()
    world.finish()
    run = world.play.run
    finalizers = set(graph.unrouted_always_run_tasks)
    if run.started_at is not None:
        assert all(run.mark(graph.index(name)) is not TaskMark.NOT_RUN for name in finalizers)


@settings(max_examples=50, deadline=None)
@given(graphs(), st.data())
def test_the_same_events_give_the_same_decisions(graph: StaticGraph, data: st.DataObject) -> None:
    world = World(graph, data)
    world.step(kind=True)
    for _ in range(10):
        if world.possible:
            world.step()
    again = Play(graph)
    for event in world.sent:
        again.later(1)
        first = decide(again.run, event, graph, again.now)
        assert first == decide(again.run, event, graph, again.now)
        again.run = first.run
    assert again.run == world.play.run
