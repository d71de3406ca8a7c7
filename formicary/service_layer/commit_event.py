"""Deciding an event, committing the decision, and performing what it called for.

Invariant: a command is performed only after the state that called for it has been committed.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from formicary.domain.commands import Command
from formicary.domain.decide import Decision, decide
from formicary.domain.errors import ConcurrentUpdateError, NotFoundError
from formicary.domain.events import Event
from formicary.domain.job_run import JobRun
from formicary.domain.outbox import caused_by
from formicary.domain.restart import as_ended
from formicary.domain.task_response import TaskResponse
from formicary.ports import Clock, RunRepository
from formicary.service_layer.admission import Admission
from formicary.service_layer.known_error_rules import KnownErrorRules
from formicary.service_layer.perform_commands import CommandPerformer
from formicary.service_layer.record_history import Happening, HistoryRecorder
from formicary.service_layer.situation import Situations

MAX_CONFLICTS = 25


@dataclass(frozen=True, slots=True)
class EventCommitter:
    """Moves a run by one event, and by those that follow from it at once."""

    runs: RunRepository
    clock: Clock
    admission: Admission
    known_error_rules: KnownErrorRules
    performer: CommandPerformer
    situations: Situations
    recorder: HistoryRecorder

    def finish(self, run: JobRun, commands: Iterable[Command], cause: str) -> None:
        """Perform commands, and decide on what is known at once, until nothing is left to do.

        A follower that is rejected has been applied already: by another engine, or by a write
        whose answer was lost, so that nobody may have performed what it called for.
        """
        todo = deque([tuple(commands)])
        done: set[Command] = set()
        while todo:
            batch = [command for command in todo.popleft() if command not in done]
            if not batch:
                continue
            done.update(batch)
            here = self.situations.of(run, self.clock.now())
            followers = list(self.performer.perform(here.run, here.parsed, here.graph, batch))
            for event in followers:
                run, decision = self.commit(run, event, None, cause)
                if decision.rejected:
                    self.admission.refused(run, event)
                todo.append(caused_by(run, cause) if decision.rejected else decision.commands)

    def commit(
        self, run: JobRun, event: Event, response: TaskResponse | None, cause: str
    ) -> tuple[JobRun, Decision]:
        """Decide and store it, again from the newest state while somebody else is faster."""
        event = self.known_error_rules.judged(run, event, response)
        for _ in range(MAX_CONFLICTS):
            now = self.clock.now()
            here = self.situations.before(run, event, now)
            decision = decide(here.run, event, here.graph, now, cause)
            happening = Happening(run, here.graph, event, decision, response, now, cause)
            try:
                recorded = self.recorder.record(happening)
                if decision.rejected:
                    return run, decision
                if decision.run.execution_id != run.execution_id:
                    self.runs.archive_execution(as_ended(run))
                return self.runs.save(recorded), decision
            except ConcurrentUpdateError:
                run = self._reload(run, event)
        raise ConcurrentUpdateError(f"run {run.request_id} is changed by too many at once")

    def _reload(self, run: JobRun, event: Event) -> JobRun:
        found = self.runs.find(run.tenant, run.request_id)
        if found is None:
            raise NotFoundError(f"run {run.request_id} is gone")
        if found.execution_id != run.execution_id:
            # What was meant for the execution before must not count in this one: its tasks have
            # the same names, and the same numbers of attempts. Delivered again, it is sorted out;
            # if another function has done so already, nobody else gives back slots taken for it.
            self.admission.refused(found, event)
            raise ConcurrentUpdateError(f"another execution of {run.request_id} has begun")
        return found
