"""What an ant knows of itself: for health and metrics."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ant_agent.disk_guard import DiskGuard
from ant_agent.heartbeat import HeartbeatLoop
from ant_agent.local_server import Metric
from ant_agent.reporter import Reporter
from ant_agent.running_tasks import RunningTasks
from ant_agent.slots import Slots

_SILENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class AntFacts:
    """Reads the parts of one ant."""

    slots: Slots
    tasks: RunningTasks
    disk: DiskGuard
    heartbeat: HeartbeatLoop
    reporter: Reporter
    capacity: int
    draining: Callable[[], bool]
    started: float = field(default_factory=time.monotonic)

    def problem(self) -> str:
        """Return why the ant does not do its work, nothing when it does."""
        silence = self.heartbeat.last_answer_seconds()
        if silence > _SILENCE_SECONDS:
            return f"the control plane has not answered for {silence:.0f} s"
        return self.disk.problem()

    def metrics(self) -> Iterator[Metric]:
        """Yield all numbers."""
        ended = self.tasks.ended()
        for name, text, value in (
            ("capacity", "Tasks that may run at once.", self.capacity),
            ("tasks_running", "Tasks that run.", self.slots.running),
            ("tasks_executed_total", "Attempts that have ended.", sum(ended.values())),
            ("tasks_failed_total", "Attempts that have failed.", ended.get("FAILED", 0)),
            ("reports_unsent", "Outcomes on disk that wait to be sent.", self.reporter.unsent()),
            ("disk_free_bytes", "Room for tasks on the disk.", self.disk.free_bytes()),
            ("draining", "1 when it takes no more tasks.", int(self.draining())),
            (
                "heartbeat_age_seconds",
                "Time since the control plane answered.",
                self.heartbeat.last_answer_seconds(),
            ),
            ("uptime_seconds", "Time since it registered.", time.monotonic() - self.started),
        ):
            yield Metric(f"formicary_ant_{name}", text, float(value))
