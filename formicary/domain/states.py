"""Names of states, methods and marks, spelled as the public API spells them."""

import re
from collections.abc import Mapping
from enum import StrEnum

_CUSTOM_METHOD = re.compile(r"CUSTOM_[A-Z0-9_]{1,40}")


class RequestState(StrEnum):
    """State of a job request, of its execution and of a task execution."""

    PENDING = "PENDING"
    READY = "READY"
    STARTED = "STARTED"
    EXECUTING = "EXECUTING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def terminal(self) -> bool:
        """Whether nothing but a restart can change it any more."""
        return self in TERMINAL_STATES


TERMINAL_STATES = frozenset({RequestState.COMPLETED, RequestState.FAILED, RequestState.CANCELLED})


class TaskMethod(StrEnum):
    """How a task is carried out.

    `CUSTOM_` and a name of capitals is a method too: an ant with such an executor carries it out.
    """

    SHELL = "SHELL"
    DOCKER = "DOCKER"
    KUBERNETES = "KUBERNETES"
    HTTP_GET = "HTTP_GET"
    HTTP_POST_FORM = "HTTP_POST_FORM"
    HTTP_POST_JSON = "HTTP_POST_JSON"
    HTTP_PUT_FORM = "HTTP_PUT_FORM"
    HTTP_PUT_JSON = "HTTP_PUT_JSON"
    HTTP_DELETE = "HTTP_DELETE"
    WEBSOCKET = "WEBSOCKET"
    MESSAGING = "MESSAGING"
    FORK_JOB = "FORK_JOB"
    AWAIT_FORKED_JOB = "AWAIT_FORKED_JOB"
    EXPIRE_ARTIFACTS = "EXPIRE_ARTIFACTS"

    @classmethod
    def _missing_(cls, value: object) -> "TaskMethod | None":
        if not isinstance(value, str) or not _CUSTOM_METHOD.fullmatch(value):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    @property
    def needs_ant(self) -> bool:
        """Whether an ant does the work (the others stay in the control plane)."""
        return self not in CONTROL_PLANE_METHODS


CONTROL_PLANE_METHODS = frozenset(
    {TaskMethod.FORK_JOB, TaskMethod.AWAIT_FORKED_JOB, TaskMethod.EXPIRE_ARTIFACTS}
)
HTTP_METHODS = frozenset(method for method in TaskMethod if method.startswith("HTTP_"))


class Target(StrEnum):
    """Routing targets that are not tasks."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    FATAL = "FATAL"
    EXECUTING = "EXECUTING"
    RESTART_TASK = "RESTART_TASK"
    RESTART_JOB = "RESTART_JOB"
    PAUSE_JOB = "PAUSE_JOB"


ERROR_TARGET_PREFIX = "ERR_"


# The exit code of what a condition leaves out.
SKIPPED_EXIT_CODE = "SKIPPED"


class TaskMark(StrEnum):
    """One letter a task in the progress string of a run.

    QUEUED: its turn has come, and it waits for a place (`max_parallel`, a pause). JOINING: a route
    leads to it, and it waits for its `depends_on`. LATER: a restart runs it again, after others.
    """

    NOT_RUN = "."
    QUEUED = "q"
    JOINING = "j"
    LATER = "l"
    ACTIVE = "a"
    COMPLETED = "C"
    SKIPPED = "S"
    FAILED = "F"
    ALLOWED = "A"
    CANCELLED = "X"


STATE_OF_MARK: Mapping[TaskMark, RequestState] = {
    TaskMark.COMPLETED: RequestState.COMPLETED,
    TaskMark.SKIPPED: RequestState.COMPLETED,
    TaskMark.FAILED: RequestState.FAILED,
    TaskMark.ALLOWED: RequestState.FAILED,
    TaskMark.CANCELLED: RequestState.CANCELLED,
}
"""The state in which a task that has ended is shown."""


class ChildMark(StrEnum):
    """One letter a fork task: how the child it forked stands."""

    NONE = "."
    RUNNING = "r"
    COMPLETED = "C"
    FAILED = "F"
    CANCELLED = "X"


class ErrorCode(StrEnum):
    """Error codes that the system itself gives to a task or a job."""

    VALIDATION = "ERR_VALIDATION"
    TASK_EXECUTE = "ERR_TASK_EXECUTE"
    TASK_TIMED_OUT = "ERR_TASK_TIMED_OUT"
    JOB_TIMED_OUT = "ERR_JOB_TIMED_OUT"
    JOB_CANCELLED = "ERR_JOB_CANCELLED"
    FATAL = "ERR_FATAL"
    FORK_FAILED = "ERR_FORK_FAILED"
    CHILD_FAILED = "ERR_CHILD_FAILED"
    ANT_LOST = "ERR_ANT_LOST"
    RESTART_LIMIT = "ERR_RESTART_LIMIT"
    ARTIFACT_MISSING = "ERR_ARTIFACT_MISSING"
    ARTIFACT_UPLOAD = "ERR_ARTIFACT_UPLOAD"
    UNSUPPORTED_METHOD = "ERR_UNSUPPORTED_METHOD"
    ANTS_UNAVAILABLE = "ERR_ANTS_UNAVAILABLE"
    RESTART_JOB = "ERR_RESTART_JOB"
    CONTAINER = "ERR_CONTAINER"
    IMAGE_PULL = "ERR_IMAGE_PULL"
    OUT_OF_MEMORY = "ERR_OUT_OF_MEMORY"
    SERVICE_NOT_READY = "ERR_SERVICE_NOT_READY"
    UNSCHEDULABLE = "ERR_UNSCHEDULABLE"
    MESSAGING = "ERR_MESSAGING"
