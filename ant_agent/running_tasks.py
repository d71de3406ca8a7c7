"""The attempts that this ant is working on, for heartbeats, cancels and a tidy end."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ant_agent.cancellation import Cancellation, StopReason
from formicary.domain.ant import Heartbeat, TaskInFlight
from formicary.domain.task_request import TaskMessage


@dataclass(frozen=True, slots=True)
class RunningTask:
    """One attempt in progress."""

    message: TaskMessage
    cancellation: Cancellation
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def in_flight(self) -> TaskInFlight:
        """Say it as a heartbeat does."""
        request = self.message.request
        return TaskInFlight(
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_type=request.task_type,
            attempt=self.message.attempt,
            proof=self.message.proof,
            started_at=self.started_at,
        )


class RunningTasks:
    """Shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, RunningTask] = {}
        self._ended: Counter[str] = Counter()

    def add(self, task: RunningTask) -> bool:
        """Take an attempt in; False when the very same one is running here already."""
        with self._lock:
            return self._tasks.setdefault(task.message.task_key, task) is task

    def remove(self, task: RunningTask, status: str = "") -> None:
        """Let an attempt go that ended in this state."""
        with self._lock:
            if self._tasks.pop(task.message.task_key, None) is not None:
                self._ended[status] += 1

    def ended(self) -> dict[str, int]:
        """Return how many attempts have ended in each state."""
        with self._lock:
            return dict(self._ended)

    def cancel(self, task_keys: Iterable[str]) -> None:
        """Stop these attempts if they are here."""
        with self._lock:
            found = [self._tasks[key] for key in task_keys if key in self._tasks]
        for task in found:
            task.cancellation.stop(StopReason.CANCELLED)

    def abandon(self) -> None:
        """Stop all at once, without clean-up or report."""
        with self._lock:
            tasks = list(self._tasks.values())
        for task in tasks:
            task.cancellation.stop(StopReason.ABANDONED)

    def heartbeat(self, condition: str = "") -> Heartbeat:
        """Say how things stand, and why no tasks are taken, if so."""
        with self._lock:
            tasks, executed = list(self._tasks.values()), self._ended.total()
        return Heartbeat(
            current_load=len(tasks),
            total_executed=executed,
            condition=condition,
            in_flight=[task.in_flight() for task in tasks],
        )
