"""Waiting for a run: polls with growing pauses, tells what changed, passes logs on."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.domain.errors import NotFoundError, UnavailableError
from formicary.domain.log_view import PLAIN_LOG, LogView
from formicary.domain.states import CONTROL_PLANE_METHODS, TERMINAL_STATES
from formicary.entrypoints.cli.output import elapsed
from formicary.entrypoints.cli.run_view import tasks_of

Json = Mapping[str, Any]
SHORTEST_PAUSE, LONGEST_PAUSE, GROWTH = 0.2, 1.0, 1.3
PATIENCE_SECONDS = 120.0


class WaitTimedOutError(Exception):
    """The time given with --timeout has passed; the job goes on."""


@dataclass
class RunWatcher:
    """Yields a run again and again until it has ended, and once more when it has."""

    client: ControlPlaneClient
    run_id: str
    timeout_seconds: float | None = None
    warn: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def views(self) -> Iterator[Json]:
        """Yield the run; the last view is its final state."""
        deadline = None if self.timeout_seconds is None else self.clock() + self.timeout_seconds
        pause, before = SHORTEST_PAUSE, ""
        while True:
            run = self._look()
            yield run
            if str(run["job_state"]) in TERMINAL_STATES:
                return
            if deadline is not None and self.clock() >= deadline:
                raise WaitTimedOutError
            now = str(run)
            pause = SHORTEST_PAUSE if now != before else min(pause * GROWTH, LONGEST_PAUSE)
            before = now
            self.sleep(pause)

    def _look(self) -> Json:
        # A control plane that restarts must not end the wait: the run outlives it.
        patient_until, told = self.clock() + PATIENCE_SECONDS, False
        while True:
            try:
                return self.client.run(self.run_id)
            except UnavailableError as error:
                if self.clock() >= patient_until:
                    raise
                if not told:
                    self.warn(f"{error.message} (trying again)")
                told = True
                self.sleep(LONGEST_PAUSE)


@dataclass
class ProgressReport:
    """Tells each change of a task once."""

    tell: Callable[[str], None]
    _known: dict[str, tuple[str, int]] = field(default_factory=dict)

    def update(self, run: Json) -> None:
        """Tell what has changed since the last view."""
        for task in tasks_of(run):
            name, state = str(task["task_type"]), str(task["task_state"])
            now = (state, len(task.get("attempts") or ()))
            only_waits = state == "READY" and not task.get("retried")
            if self._known.get(name) != now and not only_waits:
                self._known[name] = now
                self.tell(_change(task, state))


def _change(task: Json, state: str) -> str:
    told = f"  {task['task_type']:<24} {state}"
    code = str(task.get("exit_code") or "")
    if code and code not in {"0", state}:
        told += f"  exit {code}"
    if task.get("forked_job_id"):
        told += f"  run {task['forked_job_id']}"
    return f"{told}  {elapsed(task)}" if task.get("ended_at") else told


@dataclass
class LogTail:
    """Passes the logs of a run on, each byte once; `only` narrows to one task."""

    client: ControlPlaneClient
    write: Callable[[bytes], None]
    only: str = ""
    view: LogView = PLAIN_LOG
    _offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    _complete: set[tuple[str, int]] = field(default_factory=set)
    _shown: tuple[str, int] | None = None

    def update(self, run: Json) -> None:
        """Write what is new since the last view."""
        for task in tasks_of(run):
            if not self.only or task["task_type"] == self.only:
                self._update_task(str(run["id"]), task)

    def _update_task(self, run_id: str, task: Json) -> None:
        if task.get("method") in CONTROL_PLANE_METHODS:
            return
        ended = {
            int(item["attempt"]) for item in task.get("attempts") or () if not item.get("late")
        }
        for attempt in sorted(ended | {int(task.get("retried") or 0) + 1}):
            self._copy(run_id, task, attempt)

    def _copy(self, run_id: str, task: Json, attempt: int) -> None:
        source = (str(task["task_type"]), attempt)
        while source not in self._complete:
            offset = self._offsets.get(source, 0)
            try:
                part = self.client.task_log(
                    run_id, source[0], attempt=attempt, offset=offset, view=self.view
                )
            except NotFoundError:
                return
            self._head(source, part.data)
            self._offsets[source] = part.next_offset
            if part.complete:
                self._complete.add(source)
            if not part.data:
                return

    def _head(self, source: tuple[str, int], data: bytes) -> None:
        if data and self._shown != source and not self.only:
            gap = b"\n" if self._shown else b""
            number = f" (attempt {source[1]})" if source[1] > 1 else ""
            self.write(gap + f"==> {source[0]}{number} <==\n".encode())
        if data:
            self._shown = source
            self.write(data)
