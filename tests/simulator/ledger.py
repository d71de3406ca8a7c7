"""The runs of a world, watched: each state that is committed is checked against the one before."""

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.domain.errors import FormicaryError
from formicary.domain.events import TaskFinished
from formicary.domain.gates import applicant_name, resource_gate
from formicary.domain.job_run import Hold, JobRun, Phase
from formicary.domain.lifecycle_event import RunEnd, end_of
from formicary.domain.messages import EventMessage
from formicary.domain.proofs import attempt_proof
from formicary.domain.states import STATE_OF_MARK, ErrorCode, RequestState, TaskMark
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.replay_history import replay
from tests.simulator.ants import TENANT
from tests.simulator.broken import BrokenError
from tests.simulator.families import Families
from tests.simulator.schedules import check_begin
from tests.simulator.shapes import Task
from tests.simulator.submissions import check_keys

if TYPE_CHECKING:
    from tests.simulator.world import World

_NOT_UNDER_WAY = frozenset({Phase.WAITING, Phase.ENDED})
_GATES = 1000
# What a run that has ended may still hear of its children.
_TOLD_LATER = ("children", "fans", "updated_at", "outbox", "tail")
_ENDED = frozenset(STATE_OF_MARK)
_WELL = frozenset({TaskMark.COMPLETED, TaskMark.SKIPPED, TaskMark.ALLOWED})


class Ledger(InMemoryRunRepository):
    """RunRepository that trusts nobody."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world
        self._log: dict[str, list[JobRun]] = {}
        self._reports: dict[Any, EventMessage] = {}
        self._winners: set[tuple[str, str, int]] = set()
        self._tries: Counter[tuple[str, str]] = Counter()
        self.judged: Counter[str] = Counter()
        self.families = Families(self)

    def create(self, run: JobRun) -> JobRun:
        created = super().create(run)
        self.families.born(created)
        if created.request_id not in self._log:
            self._log[created.request_id] = [created]
            self.world.definitions.check_created(created)
        return created

    def save(self, run: JobRun) -> JobRun:
        saved = super().save(run)
        states = self._log[run.request_id]
        self._check_winner(states[-1], saved)
        check_step(states[-1], saved, self.names(saved))
        check_begin(states[-1], saved, self.world.clock.now())
        self.world.stream.tell(states[-1], saved, kind=not self.world.faults.on)
        states.append(saved)
        self._check_limit(saved)
        self._check_gates(saved)
        self._check_parallel(saved)
        self._check_joins(states[-2], saved)
        self.families.committed(states[-2], saved)
        self.world.say(f"run {run.request_id[-4:]} v{saved.version} {saved.state} {saved.marks}")
        return saved

    def handles(self, message: EventMessage) -> None:
        """Hear what the function that calls is about to apply."""
        self._reports[getcurrent()] = message
        self.families.handles(message)

    def latest(self, request_id: str) -> JobRun:
        """Return a run as it stands."""
        return self._log[request_id][-1]

    def states(self, request_id: str) -> list[JobRun]:
        """Return all that was committed of a run."""
        return self._log[request_id]

    def task(self, request_id: str, index: int) -> Task:
        """Return a task of a run as it was drawn."""
        return self.world.shapes[self.latest(request_id).job_type].tasks[index]

    def goes_on(self, run: JobRun) -> bool:
        """Whether a run counts for what bounds how many go on."""
        return _goes_on(run)

    def _check_winner(self, before: JobRun, after: JobRun) -> None:
        """An outcome counts once, and only that of the attempt that is waited for."""
        message = self._reports.pop(getcurrent(), None)
        if message is None or message.kind != TaskFinished.__name__:
            return
        name, attempt = message.event["task_type"], message.event["attempt"]
        task = before.active.get(name)
        if task == after.active.get(name):
            return  # a report that was stale, after which something else was made good
        if task is None or task.attempt != attempt:
            current = f"attempt {task.attempt} is waited for" if task else "it had ended"
            raise BrokenError(f"attempt {attempt} of {name} was taken, but {current}")
        winner = (message.execution_id, name, attempt)
        if winner in self._winners:
            raise BrokenError(f"attempt {attempt} of {name} was taken twice")
        self._winners.add(winner)
        self._tries[before.request_id, name] += 1

    def tries(self, request_id: str, task_type: str) -> int:
        """Return how many outcomes of a task have counted in a run."""
        return self._tries[request_id, task_type]

    def all_ended(self) -> bool:
        return bool(self._log) and all(log[-1].state.terminal for log in self._log.values())

    def ends(self) -> list[RunEnd]:
        return [end_of(log[-1]) for log in self._log.values() if log[-1].state.terminal]

    def newest(self) -> list[JobRun]:
        """Return all runs as they are."""
        return [log[-1] for log in self._log.values()]

    def paused(self) -> list[str]:
        return [log[-1].request_id for log in self._log.values() if log[-1].hold is Hold.USER]

    def stuck(self) -> str:
        return ", ".join(
            f"{log[-1].request_id[-4:]} is {log[-1].state} {log[-1].marks}"
            for log in self._log.values()
            if not log[-1].state.terminal
        )

    def check_turn(self, message: TaskMessage) -> None:
        """A script may only begin as an attempt that a committed state called for."""
        request = message.request
        for run in self._log[request.job_request_id]:
            task = run.active.get(request.task_type)
            there = task is not None and run.execution_id == request.job_execution_id
            if there and task.attempt == message.attempt:
                break
        else:
            raise BrokenError(f"{message.task_key} runs, but was never called for")
        proof = attempt_proof(run.key, run.execution_id, request.task_type, message.attempt)
        if proof != message.proof:
            raise BrokenError(f"{message.task_key} runs without its fencing token")
        now = self._log[request.job_request_id][-1]
        waited_for = now.active.get(request.task_type)
        if waited_for == task and now.execution_id == run.execution_id:
            self._check_lease(now, request.task_type)

    def check_end(self) -> None:
        """The world has come to rest: every run has ended, as it should."""
        runs = [log[-1] for log in self._log.values()]
        if any(not run.state.terminal for run in runs):
            raise BrokenError("nothing is left to do, but " + self.stuck())
        self._check_slots()
        self.world.definitions.check_end()
        check_keys(self.world, runs)
        for run in runs:
            self._check_history(run)
            self._check_always_run(run)
            self._check_outcomes(run)
            self.families.check_end(run)
            self.judged[self._check_expectation(run)] += 1

    def names(self, run: JobRun) -> list[str]:
        """Return the tasks of a run in declaration order."""
        return [task.name for task in self.world.shape(run.job_type, run.job_version).tasks]

    def _check_limit(self, run: JobRun) -> None:
        limit = self.world.shapes[run.job_type].max_concurrency
        if not limit or not _goes_on(run):
            return
        going_on = [
            log[-1].request_id
            for log in self._log.values()
            if log[-1].job_type == run.job_type and _goes_on(log[-1])
        ]
        if len(going_on) > limit:
            raise BrokenError(f"{len(going_on)} of {run.job_type} go on, but {limit} may")

    def _check_gates(self, run: JobRun) -> None:
        """No more go on than a gate lets pass, while nobody changes it and no lease runs out."""
        if self.world.scenario.extras.limits.changes or not _goes_on(run):
            return
        for claim in run.gates:
            if claim.amount == 0 or claim.lease_seconds:
                continue
            taken = sum(
                other.amount
                for log in self._log.values()
                if _goes_on(log[-1])
                for other in log[-1].gates
                if other.gate == claim.gate
            )
            if taken > claim.limit:
                raise BrokenError(f"{taken} of {claim.gate} are taken, but {claim.limit} may be")

    def _check_lease(self, run: JobRun, task_type: str) -> None:
        """A script that is waited for has what it leases, unless the lease may have run out."""
        resources = self.world.scenario.extras.limits.resources
        shape = self.world.shape(run.job_type, run.job_version)
        wanted = shape.by_name()[task_type].leases.partition("*")[0]
        if not wanted or any(resource.lease_timeout for resource in resources):
            return
        name = applicant_name(run.request_id, task_type)
        gates = [
            resource_gate(resource_id)
            for resource_id, resource in zip(self.world.resources, resources, strict=True)
            if resource.resource_type == wanted
        ]
        by_job = any(claim.gate in gates for claim in run.gates)
        if not by_job and not any(self.world.gates.held(run.tenant, gate, name) for gate in gates):
            raise BrokenError(f"{task_type} runs, but has no lease of a {wanted}")

    def _check_parallel(self, run: JobRun) -> None:
        shape = self.world.shape(run.job_type, run.job_version)
        tasks = shape.by_name()
        at_work = [name for name in run.active if tasks[name].method == "SHELL"]
        if shape.max_parallel and len(at_work) > shape.max_parallel:
            raise BrokenError(f"{at_work} are at work, but {shape.max_parallel} may")

    def _check_joins(self, before: JobRun, after: JobRun) -> None:
        """A task begins when all that it depends on have ended well; cleaning up waits for none."""
        shape = self.world.shape(after.job_type, after.job_version)
        if after.phase is not Phase.WALKING or not any(task.depends_on for task in shape.tasks):
            return
        marks = dict(zip(shape.by_name(), after.marks, strict=True))
        begun = set(after.active) - set(before.active)
        if after.retried:
            # Where somebody restarts from begins at once, whatever it depends on.
            begun -= {one.wish.from_task for one in self.world.scenario.extras.submissions.restarts}
        for task in shape.tasks:
            missing = [name for name in task.depends_on if marks[name] not in _WELL]
            if task.name in begun and missing:
                raise BrokenError(f"{task.name} begins before {missing}: {after.marks}")

    def _check_history(self, run: JobRun) -> None:
        """What was recorded tells the whole story: decided again, it ends in the same state."""
        try:
            again = replay(self.world.situations, self, run)
        except FormicaryError as error:
            raise BrokenError(f"the history cannot be replayed: {error}") from error
        if again.evolve(tail=()) != run.evolve(tail=()):
            names = [f.name for f in fields(run) if f.name != "tail"]
            differ = [name for name in names if getattr(again, name) != getattr(run, name)]
            raise BrokenError(f"the history leads to another state: {differ} differ")

    def _check_slots(self) -> None:
        """All is given back, of the gates of runs and of those of tasks."""
        gates = self.world.gates
        for name in gates.names(TENANT, "", _GATES):
            gate, members = gates.find(TENANT, name), gates.members(TENANT, name, "", 1)
            if gate is not None and (gate.free != gate.limit or members):
                raise BrokenError(f"slots are lost: {gate}, there are {members}")

    def _check_always_run(self, run: JobRun) -> None:
        """What always runs has run in this execution, or has ended well in an earlier one."""
        began = any(
            state.execution_id == run.execution_id and state.phase not in _NOT_UNDER_WAY
            for state in self._log[run.request_id]
        )
        shape = self.world.shape(run.job_type, run.job_version)
        routed = shape.routed()
        for index, (task, mark) in enumerate(zip(shape.tasks, run.marks, strict=True)):
            unrouted = task.name not in routed
            must = task.always_run and (unrouted or run.state != "COMPLETED")
            kept = run.origin_execution_id(index) != run.execution_id
            if began and must and mark not in (_WELL if kept else _ENDED):
                raise BrokenError(f"{task.name} always runs, but did not: {run.marks}")

    def _check_expectation(self, run: JobRun) -> str:
        """Nobody interfered, so whatever went wrong may not have changed how the job ends."""
        if not self.world.scenario.predictable:
            return "not: users interfere, or time decides"
        if run.occurrence and not run.started_at and run.state == RequestState.CANCELLED:
            return "not: an occurrence that was missed, or whose schedule ended"
        if self._gave_up():
            return "not: so many ants were lost that a task was given up, as it is said to be"
        item = run.parent.item if run.parent else -1
        expected = self.world.expectations[run.job_type, item]
        if self._is_given_up(run):
            return "not: its parent ended it, as it raced"
        if expected.state not in ("", run.state) or expected.marks not in ("", run.marks):
            raise BrokenError(
                f"{run.job_type} ended {run.state} {run.marks}, "
                f"but must {expected.state} {expected.marks}"
            )
        if expected.marks:
            return "to the last task"
        return "by its state" if expected.state else f"not: {expected.why}"

    def _is_given_up(self, run: JobRun) -> bool:
        """Whether a branch of the parent ended it while another one still forked."""
        parent = self.latest(run.parent.request_id) if run.parent else None
        if parent is None or run.state is not RequestState.CANCELLED:
            return False
        raced = not self.world.expectations[parent.job_type, -1].marks
        return raced and self.families.gave_up(run)

    def _gave_up(self) -> bool:
        executions = {
            (state.tenant, state.request_id, state.execution_id)
            for log in self._log.values()
            for state in log
        }
        return any(
            attempt.error_code == ErrorCode.ANT_LOST
            for execution in executions
            for attempt in self.attempts(*execution)
        )

    def _check_outcomes(self, run: JobRun) -> None:
        """Each task that ended has exactly one outcome that counts: that of its last attempt."""
        for index, (letter, name) in enumerate(zip(run.marks, self.names(run), strict=True)):
            if letter not in _ENDED:
                continue
            execution = run.origin_execution_id(index)
            counted = [
                attempt
                for attempt in self.attempts(run.tenant, run.request_id, execution)
                if not attempt.late and attempt.task_type == name
            ]
            if not counted:
                raise BrokenError(f"{name} ended as {letter} but has no outcome")


def check_step(before: JobRun, after: JobRun, names: list[str]) -> None:
    """Check what every single commit must keep."""
    if after.version != before.version + 1:
        raise BrokenError(f"a state was overwritten: version {before.version} to {after.version}")
    if before.state.terminal and after.execution_id == before.execution_id:
        kept = {name: getattr(after, name) for name in _TOLD_LATER}
        if after != before.evolve(version=after.version, **kept):
            raise BrokenError(f"a run that had ended as {before.state} changed")
    if after.state.terminal != (after.phase is Phase.ENDED) or (
        after.state.terminal and after.active
    ):
        raise BrokenError(f"{after.state} in phase {after.phase} with {list(after.active)}")
    active = {names[index] for index, mark in enumerate(after.marks) if mark == TaskMark.ACTIVE}
    if active != set(after.active):
        raise BrokenError(f"marked as active {sorted(active)}, known {sorted(after.active)}")
    if after.execution_id == before.execution_id:
        _check_tasks(before, after, names)


def _check_tasks(before: JobRun, after: JobRun, names: list[str]) -> None:
    for old, new, name in zip(before.marks, after.marks, names, strict=True):
        if old in _ENDED and new != old:
            raise BrokenError(f"{name} had ended as {old} and became {new}")
        if old == TaskMark.ACTIVE and new == TaskMark.NOT_RUN:
            raise BrokenError(f"{name} was begun and is forgotten")
    for name, task in after.active.items():
        earlier: Any = before.active.get(name)
        if earlier is not None and task.attempt < earlier.attempt:
            raise BrokenError(f"{name} went back from attempt {earlier.attempt} to {task.attempt}")


def _goes_on(run: JobRun) -> bool:
    """Whether a run counts for the limit of its type: not while paused, or waiting for a retry.

    The clean-up of a run that was cancelled meanwhile waits for no slot, and counts for none.
    """
    waits = run.state is RequestState.PAUSED or run.phase is Phase.RETRYING
    cleans_up = run.phase is Phase.FINALIZING and not run.holds_slots
    return run.phase not in _NOT_UNDER_WAY and not waits and not cleans_up
