"""Telling the watchers of a run what is new: states of the run and its tasks, and their logs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from formicary.domain.errors import ConcurrentUpdateError, NotFoundError
from formicary.domain.job_run import JobRun
from formicary.domain.states import CONTROL_PLANE_METHODS, STATE_OF_MARK, TaskMark
from formicary.domain.watching import Watcher, as_text, end_message, state_messages
from formicary.ports import Clock, SocketGateway, WatcherRepository
from formicary.service_layer.read_task_log import LogPart, read_log_of
from formicary.service_layer.run_reader import RunReader
from formicary.service_layer.show_run import task_facts
from formicary.service_layer.task_attempts import attempts_of_task
from formicary.service_layer.task_view import TaskFacts

# Escaped as JSON it may become longer; API Gateway carries 128 KB a message.
MOST_IN_A_MESSAGE = 16 * 1024
# What is told of logs in one go; a longer one goes on in the next.
MOST_AT_ONCE = 2**20
_LONGEST_CHARACTER = 4
_LONGEST = timedelta(seconds=40)


class _GoneError(Exception):
    """The connection of a watcher has ended."""


@dataclass(frozen=True, slots=True)
class WatcherTeller:
    """Tells watchers; safe for several at once, who then may tell the same twice."""

    watchers: WatcherRepository
    gateway: SocketGateway
    reader: RunReader
    clock: Clock

    def tell(self, tenant: str, request_id: str) -> int:
        """Tell all who watch a run; return how many messages that took."""
        run = self.reader.runs.find(tenant, request_id)
        until = self.clock.now() + _LONGEST
        messages = 0
        for watcher in self.watchers.list(tenant):
            if watcher.request_id != request_id:
                continue
            if run is None:  # retired meanwhile
                self.watchers.remove(tenant, watcher.connection_id)
                continue
            telling = _Telling(self.gateway, self.reader, run, watcher)
            while self._tell(tenant, telling) and self.clock.now() < until:
                messages += telling.messages
                telling = telling.on()
            messages += telling.messages
        return messages

    def _tell(self, tenant: str, telling: "_Telling") -> bool:
        """Tell a watcher for once; True when there is more."""
        connection_id = telling.watcher.connection_id
        try:
            over = telling.tell()
        except _GoneError:
            over = True
        if over:
            self.watchers.remove(tenant, connection_id)
            return False
        try:
            if telling.news != telling.watcher:
                self.watchers.save(tenant, telling.news)
        except ConcurrentUpdateError:
            # Somebody else tells it, or it has begun to watch another run.
            return False
        return telling.more


@dataclass(slots=True)
class _Telling:
    """One watcher is told once; `news` is the watcher as it has to be stored then."""

    gateway: SocketGateway
    reader: RunReader
    run: JobRun
    watcher: Watcher
    messages: int = 0
    more: bool = False
    offsets: dict[str, int | None] = field(init=False)

    def __post_init__(self) -> None:
        """Go on from where it has been told."""
        self.offsets = dict(self.watcher.offsets)

    @property
    def news(self) -> Watcher:
        """The watcher that has been told."""
        return self.watcher.having(
            execution_id=self.run.execution_id,
            state=str(self.run.state),
            marks=self.run.marks,
            offsets=self.offsets,
        )

    def on(self) -> "_Telling":
        """Return what goes on where this one has ended, and is stored."""
        watcher = self.news.having(version=self.watcher.version + 1)
        return _Telling(self.gateway, self.reader, self.run, watcher)

    def tell(self) -> bool:
        """Tell what is new; True when that was the last."""
        facts = self._facts()
        names = [fact.task_type for fact in facts]
        for message in state_messages(self.run, names, self.watcher):
            self._push(message)
        room = MOST_AT_ONCE
        for source in self._sources(facts):
            room -= self._copy(source, room)
            if room <= 0:
                self.more = True
                return False
        if not self.run.state.terminal:
            return False
        self._push(end_message(self.run))
        return True

    def _facts(self) -> Sequence[TaskFacts]:
        run = self.run
        pinned = self.reader.parsed.find(run.defined_by, run.job_type, run.job_version)
        return task_facts(pinned.parsed) if pinned else []

    def _sources(self, facts: Sequence[TaskFacts]) -> Iterator["_Source"]:
        """Yield the attempts whose logs have not been told to their end."""
        for index, fact in enumerate(facts[: len(self.run.marks)]):
            if fact.method in CONTROL_PLANE_METHODS:
                continue
            if self.watcher.task_type in ("", fact.task_type):
                yield from self._sources_of(index, fact.task_type)

    def _sources_of(self, index: int, task_type: str) -> Iterator["_Source"]:
        run, mark = self.run, self.run.mark(index)
        active = run.active.get(task_type)
        if active is not None:
            attempts = range(1, active.attempt + 1)
            place = f"{run.execution_id}/{index}"
        elif mark in STATE_OF_MARK and mark is not TaskMark.SKIPPED:
            execution_id = run.origin_execution_id(index)
            place = f"{execution_id}/{index}"
            if place in self.offsets:
                return
            stored = attempts_of_task(self.reader.runs, run, task_type, index, execution_id)
            attempts = range(1, max((a.attempt for a in stored if not a.late), default=0) + 1)
        else:
            return
        for attempt in attempts:
            source = _Source(task_type, attempt, f"{place}/{attempt}")
            if self.offsets.get(source.place, 0) is not None:
                yield source
        if active is None:
            self.offsets[place] = None

    def _copy(self, source: "_Source", room: int) -> int:
        """Tell of one log what is new, up to so many bytes; return how many it was."""
        copied = 0
        while copied < room:
            offset = self.offsets.get(source.place) or 0
            try:
                part = read_log_of(
                    self.reader,
                    self.run,
                    source.task_type,
                    attempt=source.attempt,
                    offset=offset,
                    most=MOST_IN_A_MESSAGE,
                )
            except NotFoundError:
                # An attempt that left nothing: its ant was lost.
                self.offsets[source.place] = None
                return copied
            text, next_offset = _whole_text(part)
            if text:
                self._push(self._log_message(source, offset, next_offset, text))
            self.offsets[source.place] = None if part.complete else next_offset
            copied += len(part.data)
            if part.complete or not text:
                return copied
        return copied

    def _log_message(
        self, source: "_Source", offset: int, next_offset: int, text: str
    ) -> Mapping[str, Any]:
        return {
            "type": "log",
            "job_request_id": self.run.request_id,
            "task_type": source.task_type,
            "attempt": source.attempt,
            "offset": offset,
            "next_offset": next_offset,
            "text": text,
        }

    def _push(self, message: Mapping[str, Any]) -> None:
        if not self.gateway.push(self.watcher.connection_id, as_text(message)):
            raise _GoneError
        self.messages += 1


@dataclass(frozen=True, slots=True)
class _Source:
    """An attempt whose log is told; `place` is its name among the offsets."""

    task_type: str
    attempt: int
    place: str


def _whole_text(part: LogPart) -> tuple[str, int]:
    """Return the text of a part, and where to go on: behind its last whole character."""
    data, next_offset = part.data, part.next_offset
    # Only a cut inside a chunk can have gone through a character; see `LogStreamer`.
    if next_offset & (2**24 - 1) and not part.complete:
        for back in range(1, min(_LONGEST_CHARACTER, len(data)) + 1):
            if data[-back] & 0xC0 != 0x80:
                needed = 1 if data[-back] < 0xC0 else 2 if data[-back] < 0xE0 else 3
                needed += data[-back] >= 0xF0
                if needed > back and back < len(data):
                    data, next_offset = data[:-back], next_offset - back
                break
    return data.decode(errors="replace"), next_offset
