"""The engine with one of its guards taken out: each must break a named seed.

What is taken out is what reliability rests on; a simulator that does not notice its absence proves
nothing by finding no fault.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.domain.decide import Decision, decide
from formicary.domain.events import Event, TaskFinished
from formicary.domain.gates import Applicant, Claim
from formicary.domain.housekeeping import Chore
from formicary.domain.job_graph import JobGraph, TaskNode
from formicary.domain.job_run import ActiveTask, ActivityState, JobRun
from formicary.domain.states import TaskMark
from formicary.service_layer.admission import Admission
from formicary.service_layer.commit_event import EventCommitter
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.handle_event import Engine
from formicary.service_layer.situation import Situation, Situations
from tests.simulator.definitions import FastEngine
from tests.simulator.ledger import Ledger
from tests.simulator.mutants_of_fans import MUTANTS_OF_FANS
from tests.simulator.mutants_of_users import MUTANTS_OF_USERS
from tests.simulator.nights import Nights
from tests.simulator.world import World

Alter = Callable[[Any], Any]


class LastWriterWins(Ledger):
    """Saves without the condition on the version."""

    def save(self, run: JobRun) -> JobRun:
        stored = self.find(run.tenant, run.request_id)
        version = stored.version if stored else run.version
        return super().save(run.evolve(version=version))


class ForgetfulRuns(Ledger):
    """Does not store the outbox, so a redelivered event finds nothing to do again."""

    def save(self, run: JobRun) -> JobRun:
        return super().save(run.evolve(outbox=()))


class UnfencedCommitter(EventCommitter):
    """Takes the outcome of any attempt for that of the current one."""

    def commit(self, run: JobRun, event: Event, *rest: Any) -> tuple[JobRun, Decision]:
        if isinstance(event, TaskFinished) and event.task_type in run.active:
            event = replace(event, attempt=run.active[event.task_type].attempt)
        return super().commit(run, event, *rest)


class CredulousCommitter(EventCommitter):
    """Applies an outcome that has been applied before, or comes when its task has ended."""

    def commit(self, run: JobRun, event: Event, *rest: Any) -> tuple[JobRun, Decision]:
        if isinstance(event, TaskFinished) and not run.state.terminal:
            graph = self.situations.of(run, self.clock.now()).graph
            if decide(run, event, graph, self.clock.now()).rejected:
                run = _revived(run, graph.index(event.task_type), event, self.clock.now())
        return super().commit(run, event, *rest)


def _revived(run: JobRun, index: int, event: TaskFinished, now: Any) -> JobRun:
    marks = run.marks[:index] + TaskMark.ACTIVE + run.marks[index + 1 :]
    task = ActiveTask(event.task_type, event.attempt, ActivityState.DISPATCHED, now)
    return run.evolve(marks=marks, active={**run.active, event.task_type: task})


class UnfencedEngine(FastEngine):
    committer_type = UnfencedCommitter


class CredulousEngine(FastEngine):
    committer_type = CredulousCommitter


class AlteredGraph:
    """A graph that tells something else of the job or of its tasks."""

    def __init__(self, graph: JobGraph, alter_policy: Alter, alter_node: Alter) -> None:
        self._graph = graph
        self._alter_node = alter_node
        self.policy = alter_policy(graph.policy)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def node(self, task_type: str) -> TaskNode:
        altered: TaskNode = self._alter_node(self._graph.node(task_type))
        return altered


def misreading(*, policy: Alter = lambda it: it, node: Alter = lambda it: it) -> type[World]:
    """Return a world whose engine reads definitions wrongly, and replays them so, too."""

    class Misreading(Situations):
        def of(self, run: JobRun, now: Any) -> Situation:
            here = Situations.of(self, run, now)
            altered: Any = AlteredGraph(here.graph, policy, node)
            return replace(here, graph=altered)

    class Misreader(FastEngine):
        def __post_init__(self) -> None:
            FastEngine.__post_init__(self)
            self.situations = Misreading(self.parsed_definitions, self.configs)
            self.committer = replace(self.committer, situations=self.situations)
            self.claims = replace(self.claims, committer=self.committer)

    class MisreadWorld(World):
        engine_type = Misreader
        situations_type = Misreading

    return MisreadWorld


def without(
    name: str, *, runs: type[Ledger] = Ledger, engine: type[Engine] = FastEngine
) -> type[World]:
    """Return a world whose engine lacks a guard."""
    return type(f"WorldWithout{name}", (World,), {"runs_type": runs, "engine_type": engine})


class Idle(Nights):
    """Housekeeping that does nothing at night."""

    def _keeper(self, plane: ControlPlane) -> Any:
        return IdleKeeper()


class IdleKeeper:
    """Ends a night as soon as it has begun."""

    def do(self, chore: Chore) -> Chore:
        return chore.model_copy(update={"done": True})


class WorldWithoutSweep(World):
    nights_type = Idle


class WholeTake(InMemoryGateRepository):
    """Takes the slots of all gates anew, unless those of the first are held."""

    def take(self, tenant: str, claims: Sequence[Claim], who: Applicant, *, waited: bool) -> bool:
        first_held = bool(claims) and self.held(tenant, claims[0].gate, who.name) is not None
        for claim in () if first_held else claims:
            held = self.held(tenant, claim.gate, who.name)
            if held is not None:
                self._gates[tenant, claim.gate].holders.pop(who.name)
        return super().take(tenant, claims, who, waited=waited)


class WorldWithWholeTake(World):
    gates_type = WholeTake


class Loud(Admission):
    """Wakes others for whoever is woken for nothing, whether it stands in that line or not."""

    def leave_line(self, tenant: str, gate: str, applicant: Applicant) -> None:
        self.gates.stop_waiting(tenant, gate, applicant.rank, applicant.stint)
        self.wake(tenant, gate, applicant.name)


class LoudEngine(FastEngine):
    admission_type = Loud


MUTANTS = {
    "the version check": without("VersionCheck", runs=LastWriterWins),
    "the fencing": without("Fencing", engine=UnfencedEngine),
    "the outbox": without("Outbox", runs=ForgetfulRuns),
    "the dedupe": without("Dedupe", engine=CredulousEngine),
    "a dependency of a join": misreading(node=lambda it: replace(it, depends_on=it.depends_on[1:])),
    "max_parallel": misreading(
        policy=lambda it: replace(it, max_parallel=it.max_parallel and it.max_parallel + 1)
    ),
    "the hard reset": misreading(policy=lambda it: replace(it, hard_reset_after_retries=0)),
    "the last retry of a job": misreading(
        policy=lambda it: replace(it, retry=max(0, it.retry - 1))
    ),
    "the sweep": WorldWithoutSweep,
    "what is held of a gate": WorldWithWholeTake,
    "the quiet of those who stand in no line": without("Quiet", engine=LoudEngine),
    **MUTANTS_OF_FANS,
    **MUTANTS_OF_USERS,
}
