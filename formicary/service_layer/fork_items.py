"""Forking a child for each item of a FORK_JOB task, and cancelling them, some at a time.

A batch is an event of its own that leads to the next one. Ids of children are derived, so a batch
whose function died is made again and finds what it made before.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from formicary.domain.commands import CancelItems, DispatchTask, ForkItems, ForkJob
from formicary.domain.events import (
    BatchDue,
    CancelDue,
    CancelRequested,
    ChildFinished,
    ChildForked,
    Event,
    ItemsForked,
    ItemsListed,
    TaskFinished,
)
from formicary.domain.fork_items import BATCH, PAGE, batch_of, items_of, pages_of
from formicary.domain.gates import Claim, fork_gate
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import ActivityState, Fan, JobRun
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.object_keys import items_key
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.proofs import fork_proof, internal_proof
from formicary.domain.secret_placeholders import secrets_in
from formicary.domain.states import ChildMark, ErrorCode, RequestState
from formicary.domain.tally import Tally, page_tally
from formicary.domain.task_definition import TaskDefinition
from formicary.ports import EventQueue, ObjectStore, RunRepository
from formicary.service_layer.earlier_artifacts import EarlierArtifacts
from formicary.service_layer.fork_job import ChildForker, WantedChild
from formicary.service_layer.render_attempt import (
    AttemptRenderer,
    PreparedTask,
    Surroundings,
    failed_attempt,
)

_LISTING = frozenset({"task_type", "method", "except", "fork_items", "fork_max_parallel"})
_CHILD = frozenset(
    {"task_type", "method", "variables", "fork_job_type", "fork_job_version", "job_version"}
)


@dataclass(frozen=True, slots=True)
class JobForker:
    """Carries out what fork tasks call for."""

    runs: RunRepository
    objects: ObjectStore
    events: EventQueue
    renderer: AttemptRenderer
    forker: ChildForker

    def fork(
        self, run: JobRun, parsed: ParsedJob, graph: JobGraph, command: ForkJob
    ) -> ChildForked | ItemsListed | TaskFinished:
        """Fork the child of a task; of one with items, keep these, and fork nothing yet."""
        attempt = DispatchTask(command.task_type, command.attempt)
        seen = self._seen(run, parsed, graph, attempt)
        if parsed.forks_for_items(command.task_type):
            listed = self.renderer.prepare(run, parsed, attempt, seen, _LISTING)
            if isinstance(listed, TaskFinished):
                return listed
            if listed.rendered.task.fork_items is not None:
                return self._list(run, graph, attempt, listed.rendered.task)
        prepared = self.renderer.prepare(run, parsed, attempt, seen)
        task = _without_secrets(attempt, prepared)
        if isinstance(task, TaskFinished):
            return task
        return self.forker.fork(run, task, command)

    def _seen(
        self, run: JobRun, parsed: ParsedJob, graph: JobGraph, attempt: DispatchTask
    ) -> Surroundings:
        earlier = EarlierArtifacts(self.runs, self.objects, run, graph)
        return self.renderer.surroundings(run, parsed, graph, attempt, earlier)

    def _list(
        self, run: JobRun, graph: JobGraph, attempt: DispatchTask, task: TaskDefinition
    ) -> ItemsListed | TaskFinished:
        """Keep the items under the name of what they are: two that render them differ in it."""
        try:
            items = items_of(task.fork_items or ())
        except ValueError as fault:
            return failed_attempt(attempt, ErrorCode.VALIDATION, str(fault))
        pages = list(pages_of(items))
        listing = hashlib.blake2b(b"\n".join(pages), digest_size=8).hexdigest()
        for number, page in enumerate(pages):
            key = _page_key(run, graph.index(attempt.task_type), listing, number)
            self.objects.put(key, page, "application/json")
        return ItemsListed(
            attempt.task_type, attempt.attempt, len(items), listing, task.fork_max_parallel
        )

    def call_batch(self, run: JobRun, command: ForkItems) -> None:
        """Send the event that makes the next children."""
        due = BatchDue(command.task_type, command.attempt, command.fork, command.begin)
        self.events.send(_internal(run, due))

    def call_cancel(self, run: JobRun, command: CancelItems) -> None:
        """Send the event that cancels the first children."""
        due = CancelDue(command.index, command.fork, command.begin, command.end)
        self.events.send(_internal(run, due))

    def fork_batch(
        self, run: JobRun, parsed: ParsedJob, graph: JobGraph, event: BatchDue
    ) -> ItemsForked | TaskFinished:
        """Make the children for some items."""
        index = graph.index(event.task_type)
        fan = run.fans[index]
        attempt = DispatchTask(event.task_type, event.attempt)
        seen = self._seen(run, parsed, graph, attempt)
        page = self.objects.get(_page_key(run, index, fan.listing, event.begin // PAGE))
        try:
            batch = batch_of(page, event.begin, fan.total)
        except ValueError as error:
            return failed_attempt(attempt, ErrorCode.FORK_FAILED, str(error))
        kept = self._completed_before(run, index, event)
        wanted: list[WantedChild] = []
        for item, value in enumerate(batch, event.begin):
            if item in kept:
                continue
            above = {**seen.above, "Item": value, "ItemIndex": item}
            visible = replace(seen, above=above)
            prepared = self.renderer.prepare(run, parsed, attempt, visible, _CHILD)
            task = _without_secrets(attempt, prepared)
            if isinstance(task, TaskFinished):
                return _at_item(task, item)
            child = run.item_request_id(index, event.fork, item)
            wanted.append(WantedChild(task, child, item, _gate_of(run, index, event.fork, fan)))
        fault = self.forker.fork_all(run, wanted)
        if fault:
            return failed_attempt(attempt, ErrorCode.FORK_FAILED, fault)
        if kept:
            done = RequestState.COMPLETED
            self.events.send_all([end_of_item(run, index, event.task_type, i, done) for i in kept])
        return ItemsForked(
            event.task_type, event.attempt, event.fork, event.begin, event.begin + len(batch)
        )

    def _completed_before(self, run: JobRun, index: int, event: BatchDue) -> list[int]:
        """Return the items of a batch whose children had completed when the fork went on."""
        if not run.fans[index].resumed:
            return []
        page, first = divmod(event.begin, PAGE)
        name = page_tally(index, chr(ord(event.fork) - 1), page)
        marks = self.runs.tallies(run.tenant, run.request_id, name).get(name, Tally()).marks
        places = range(first, first + BATCH)
        return [page * PAGE + i for i in places if marks.get(i) is ChildMark.COMPLETED]

    def cancel_batch(self, run: JobRun, event: CancelDue) -> None:
        """Cancel the first children of a range that have not ended, and call for the next."""
        then = min(event.end, event.begin + BATCH)
        ids = [run.item_request_id(event.index, event.fork, i) for i in range(event.begin, then)]
        found = [self.runs.find(run.tenant, child_id) for child_id in ids]
        wish = CancelRequested(f"the parent {run.request_id} ended")
        wishes = [_internal(child, wish) for child in found if child and not child.state.terminal]
        if wishes:
            self.events.send_all(wishes)
        if then < event.end:
            self.events.send(_internal(run, replace(event, begin=then)))


def end_of_item(
    run: JobRun, index: int, task_type: str, item: int, state: RequestState
) -> EventMessage:
    """Return the notice of how the child for an item ended, as that child would give it."""
    child_id = run.item_request_id(index, run.forks[index], item)
    event = ChildFinished(task_type, child_id, state, item=item)
    proof = fork_proof(run.key, run.execution_id, task_type)
    return pack_event(run.tenant, run.request_id, run.execution_id, proof, event)


def _page_key(run: JobRun, index: int, listing: str, page: int) -> str:
    return items_key(run.tenant, run.request_id, index, listing, page)


def waits_for_batch(run: JobRun, graph: JobGraph, event: BatchDue) -> bool:
    """Whether the children that an event is to make are those that the run waits for."""
    task = run.active.get(event.task_type)
    return (
        task is not None
        and task.state is ActivityState.DISPATCHED
        and task.attempt == event.attempt
        and _is_next(run, graph, event)
    )


def untold_batch(run: JobRun, graph: JobGraph, event: BatchDue) -> Iterator[CancelItems]:
    """Yield the end of children that were made for a fork task which has ended meanwhile.

    Whoever made them has died before the run was told of them.
    """
    if event.task_type not in run.active and _is_next(run, graph, event):
        index = graph.index(event.task_type)
        end = min(run.fans[index].total, event.begin + BATCH)
        yield CancelItems(index, event.fork, event.begin, end)


def _is_next(run: JobRun, graph: JobGraph, event: BatchDue) -> bool:
    if not graph.has(event.task_type):
        return False
    index = graph.index(event.task_type)
    fan = run.fans.get(index)
    return fan is not None and (run.forks[index], fan.forked) == (event.fork, event.begin)


def _gate_of(run: JobRun, index: int, fork: str, fan: Fan) -> tuple[Claim, ...]:
    """Return what bounds how many children of a fan run at once."""
    if not fan.max_parallel:
        return ()
    return (Claim(fork_gate(run.request_id, index, fork), 1, fan.max_parallel),)


def _at_item(failure: TaskFinished, item: int) -> TaskFinished:
    return replace(failure, error_message=f"item {item}: {failure.error_message}")


def _without_secrets(
    attempt: DispatchTask, prepared: PreparedTask | TaskFinished
) -> TaskDefinition | TaskFinished:
    """Return the task; its failure when it would hand a secret to a child."""
    if isinstance(prepared, TaskFinished):
        return prepared
    secrets = secrets_in(prepared.rendered.task, prepared.placeholders)
    if not secrets:
        return prepared.rendered.task
    message = (
        f"the secret {secrets[0]} is not handed to a child job; let a template of the child name it"
    )
    return failed_attempt(attempt, ErrorCode.VALIDATION, message)


def _internal(run: JobRun, event: Event) -> EventMessage:
    proof = internal_proof(run.key)
    return pack_event(run.tenant, run.request_id, run.execution_id, proof, event)
