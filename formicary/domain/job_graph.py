"""What the engine needs to know of a definition: its tasks and where each leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from formicary.domain.states import TaskMethod


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing delays: see `formicary.domain.backoff`. `max_seconds` of None is no bound."""

    min_seconds: float
    max_seconds: float | None = None
    factor: float = 2.0
    jitter: bool = False


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """What the definition says of the job as a whole. Durations are seconds, None is no limit."""

    timeout_seconds: float | None = None
    retry: int = 0
    delay_seconds: float = 0.0
    backoff: Backoff | None = None
    hard_reset_after_retries: int = 0
    max_restarts: int = 100
    pause_seconds: float = 30.0
    max_wait_seconds: float | None = None
    max_parallel: int = 0
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class TaskNode:
    """One task as the engine sees it.

    `exit_routes` maps exit codes (never state names) to a task name, a `Target` or an `ERR_*` code;
    `on_completed` and `on_failed` hold task names or targets, in the order written.
    `skipped` is told of tasks that only the control plane sees; for others, dispatching tells.
    `routed` tells whether a route leads to it: a task with `depends_on` that none leads to is
    started by these alone. `left_out` is a task that a condition of the definition takes out of
    this run; it counts as skipped where others depend on it. Durations are seconds; a
    `timeout_seconds` of None is no limit.
    """

    index: int
    task_type: str
    method: TaskMethod
    exit_routes: Mapping[str, str] = field(default_factory=dict)
    on_completed: tuple[str, ...] = ()
    on_failed: tuple[str, ...] = ()
    allow_failure: bool = False
    always_run: bool = False
    allow_start_if_completed: bool = False
    retry: int = 0
    delay_seconds: float = 0.0
    timeout_seconds: float | None = None
    await_forked_tasks: tuple[str, ...] = ()
    skipped: bool = False
    depends_on: tuple[str, ...] = ()
    routed: bool = False
    left_out: bool = False
    backoff: Backoff | None = None
    leases: bool = False


class JobGraph(Protocol):
    """A definition's graph with the policy values of one run rendered.

    Implementations may render a node when it is asked for; the same variables give the same node.
    """

    @property
    def size(self) -> int:
        """Number of tasks."""

    @property
    def policy(self) -> JobPolicy:
        """What holds for the job as a whole."""

    @property
    def start_tasks(self) -> Sequence[str]:
        """Tasks that begin the walk, in declaration order."""

    @property
    def always_run_tasks(self) -> Sequence[str]:
        """Every `always_run` task, in declaration order."""

    @property
    def unrouted_always_run_tasks(self) -> Sequence[str]:
        """The `always_run` tasks that no route leads to, in declaration order."""

    def dependents(self, task_type: str) -> Sequence[str]:
        """Return the tasks whose `depends_on` names this one, in declaration order."""

    def has(self, task_type: str) -> bool:
        """Whether the definition has a task of that name."""

    def node(self, task_type: str) -> TaskNode:
        """Return the task; KeyError when the definition has none of that name."""

    def index(self, task_type: str) -> int:
        """Return the task's place in the declaration order."""

    def name(self, index: int) -> str:
        """Return the name of the task at that place."""


@dataclass(frozen=True)
class StaticGraph:
    """A graph from nodes whose values are all known: for tests, tools and untemplated jobs."""

    nodes: tuple[TaskNode, ...]
    start_tasks: tuple[str, ...]
    always_run_tasks: tuple[str, ...] = ()
    unrouted_always_run_tasks: tuple[str, ...] = ()
    policy: JobPolicy = JobPolicy()
    by_name: Mapping[str, TaskNode] = field(init=False)
    joins: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Index the nodes by name, and by what they depend on."""
        object.__setattr__(self, "by_name", {node.task_type: node for node in self.nodes})
        named = {name for node in self.nodes for name in node.depends_on}
        joins = {
            name: tuple(node.task_type for node in self.nodes if name in node.depends_on)
            for name in named
        }
        object.__setattr__(self, "joins", joins)

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.nodes)

    def dependents(self, task_type: str) -> Sequence[str]:
        """Return the tasks that depend on this one."""
        return self.joins.get(task_type, ())

    def has(self, task_type: str) -> bool:
        """Whether there is a task of that name."""
        return task_type in self.by_name

    def node(self, task_type: str) -> TaskNode:
        """Return the task of that name; KeyError when there is none."""
        return self.by_name[task_type]

    def index(self, task_type: str) -> int:
        """Return the task's place in the declaration order."""
        return self.by_name[task_type].index

    def name(self, index: int) -> str:
        """Return the name of the task at that place."""
        return self.nodes[index].task_type
